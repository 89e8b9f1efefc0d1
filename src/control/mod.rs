//! Where those who command and watch the switch meet the thread that runs it.
//!
//! [`Front`] is what the program's life knows of whoever serves them.

mod front;

pub use front::Front;
