//! What operators look into and turn, beside the calls themselves.

use crate::{
    control::{Changes, Traces},
    metrics::{Load, Page},
    records::Archive,
};
use std::{path::PathBuf, sync::Arc};

/// What is lent to the API for operators.
#[derive(Clone, Default)]
pub struct Tools {
    /// Call records; `None`: none are kept.
    pub records: Option<Archive>,
    /// The directory of recordings; `None`: none are made.
    pub recordings: Option<PathBuf>,
    /// The file in which webhooks that programs made are kept; `None`: they end with the program.
    pub webhooks: Option<PathBuf>,
    /// Has the settings read anew; what is wrong with them, if they are not obeyed. It may block.
    pub reload: Option<Reload>,
    /// The SIP messages of late; `None`: none are kept.
    pub traces: Option<Traces>,
    /// What is counted.
    pub metrics: Option<Page>,
    /// How much of everything is alive. It may block.
    pub load: Option<Arc<dyn Fn() -> Load + Send + Sync>>,
}

/// What has the settings read anew.
pub type Reload = Arc<dyn Fn() -> Result<Changes, String> + Send + Sync>;
