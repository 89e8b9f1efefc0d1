//! Those who serve programs, as the program's life sees them.

/// Something that runs beside the switch and lets programs in.
pub trait Front {
    /// What whoever started the program should know of it, one line.
    fn says(&self) -> String;
    /// Reads again what may have changed on disk.
    fn reload(&self);
    /// Lets requests under way end, and ends.
    fn stop(self: Box<Self>);
}
