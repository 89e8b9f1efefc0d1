//! RTP: packets, sequence, jitter buffer, digits, reports.
