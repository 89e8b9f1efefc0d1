//! The shell: sockets, clock, threads, files.
