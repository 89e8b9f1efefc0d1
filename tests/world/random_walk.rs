//! Thousands of calls, holds, transfers and hang-ups in whatever order chance has them.
