//! What operators look into and turn, beside the calls themselves.

use crate::{control::Changes, records::Archive};
use std::sync::Arc;

/// What is lent to the API for operators.
#[derive(Clone, Default)]
pub struct Tools {
    /// Call records; `None`: none are kept.
    pub records: Option<Archive>,
    /// Has the settings read anew; what is wrong with them, if they are not obeyed. It may block.
    pub reload: Option<Reload>,
}

/// What has the settings read anew.
pub type Reload = Arc<dyn Fn() -> Result<Changes, String> + Send + Sync>;
