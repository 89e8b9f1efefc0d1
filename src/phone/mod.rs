//! A telephone made of the switch's own parts: for the demo, and for the simulated world of the tests. Pure.
