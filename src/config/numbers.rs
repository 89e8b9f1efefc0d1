//! Numbers by which the switch itself sends somebody on: each must lead somewhere.

use super::{problem::Report, sections::File};
use crate::switch::{ExtensionSettings, QueueSettings, RouteFrom, RouteSettings, RouteTo};
use toml::Spanned;

/// What numbers lead to.
pub(super) struct Numbers<'a> {
    pub(super) extensions: &'a [ExtensionSettings],
    pub(super) routes: &'a [RouteSettings],
    pub(super) queues: &'a [QueueSettings],
}

impl Numbers<'_> {
    /// The fallbacks of transfers, flows and queues.
    pub(super) fn check_fallbacks(&self, file: &File, report: &mut Report<'_>) {
        let transfer = file.transfer.keys.fallback.iter().map(|said| (said, "[transfer] fallback"));
        let flows = file.routes.iter().filter_map(|route| route.keys.flow_fallback.as_ref());
        let flows = flows.map(|said| (said, "[route] flow_fallback"));
        let queues = file.queues.iter().filter_map(|queue| queue.keys.fallback.as_ref());
        let queues = queues.map(|said| (said, "[queue] fallback"));
        for (said, place) in transfer.chain(flows).chain(queues) {
            self.check(said, place, report);
        }
    }

    /// `""` is nowhere, and meant to be.
    fn check(&self, said: &Spanned<String>, place: &str, report: &mut Report<'_>) {
        let number = said.get_ref();
        if number.is_empty() {
            return;
        }
        let internal = |route: &&RouteSettings| matches!(route.from, None | Some(RouteFrom::Extensions));
        let route = self.routes.iter().filter(internal).find(|route| route.pattern.fits(number));
        let leads = route.is_some()
            || self.extensions.iter().any(|extension| extension.number == *number)
            || self.queues.iter().any(|queue| queue.number.as_ref() == Some(number));
        if !leads {
            let nowhere =
                format!("{number:?} leads nowhere: no extension, queue or route for extensions has this number");
            report.add(said.span(), place, nowhere);
        } else if route.is_some_and(|route| matches!(route.to[..], [RouteTo::Flow(_)])) {
            report.add(
                said.span(),
                place,
                format!("{number:?} leads to a program: nobody is sent there by the switch itself"),
            );
        }
    }
}
