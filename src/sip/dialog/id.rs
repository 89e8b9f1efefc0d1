//! What names a dialog (RFC 3261 12), and finding one by what Replaces says (RFC 3891 3).

use crate::sip::wire;

/// The name of a dialog from our point of view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialogId {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty where a peer of the times before RFC 3261 gave none.
    pub remote_tag: String,
}

impl DialogId {
    /// Whether a Replaces means this dialog. In an INVITE to-tag is ours, in the Refer-To of our peer it is named from
    /// the side of whom will send the INVITE, which some phones get the wrong way round: either order counts.
    pub(crate) fn is_meant_by(&self, replaces: &wire::Replaces) -> bool {
        let (to, from) = (replaces.to_tag.as_str(), replaces.from_tag.as_str());
        let same = |said: &str, tag: &str| said == tag || (said == "0" && tag.is_empty()); // RFC 3891 6.1
        self.call_id == replaces.call_id
            && ((same(to, &self.local_tag) && same(from, &self.remote_tag))
                || (same(from, &self.local_tag) && same(to, &self.remote_tag)))
    }
}
