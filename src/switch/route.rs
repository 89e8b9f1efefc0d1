//! Which route a number takes.

use super::{RouteFrom, RouteSettings};
use crate::destination::{Caller, Purpose};

/// The dial plan: the first route that fits is taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Routes(Vec<RouteSettings>);

impl Routes {
    pub(super) fn new(routes: Vec<RouteSettings>) -> Self {
        Self(routes)
    }

    /// The route for a number, and the number that goes on. A transfer has the rights of who transfers; what the switch
    /// does by itself has those of an extension.
    pub(super) fn find(
        &self,
        caller: &Caller,
        purpose: Option<Purpose>,
        number: &str,
    ) -> Option<(&RouteSettings, String)> {
        let internal = match purpose {
            None | Some(Purpose::Transfer) => false,
            Some(
                Purpose::Recall
                | Purpose::Fallback
                | Purpose::Program
                | Purpose::ProgramExtension
                | Purpose::ProgramQueue
                | Purpose::ProgramRoom,
            ) => true,
        };
        let route = self.0.iter().find(|route| route.allows(caller, internal) && route.pattern.fits(number))?;
        Some((route, route.changed(number)))
    }
}

impl RouteSettings {
    fn allows(&self, caller: &Caller, internal: bool) -> bool {
        match (&self.from, caller) {
            (None, _) => true,
            (Some(RouteFrom::Extensions), caller) => internal || matches!(caller, Caller::Extension(_)),
            (Some(_), _) if internal => false,
            (Some(RouteFrom::Trunks), caller) => matches!(caller, Caller::Trunk(_)),
            (Some(RouteFrom::Trunk(name)), Caller::Trunk(own)) => name == own,
            (Some(RouteFrom::Trunk(_)), Caller::Extension(_) | Caller::Host(_)) => false,
        }
    }

    fn changed(&self, number: &str) -> String {
        let mut changed = self.prepend.clone();
        changed.extend(number.chars().skip(self.strip));
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::RouteTo;

    fn route(from: Option<RouteFrom>, pattern: &str, name: &str) -> RouteSettings {
        let to = vec![RouteTo::Trunk(name.to_owned())];
        RouteSettings { from, pattern: pattern.parse().unwrap(), strip: 0, prepend: String::new(), to, record: false }
    }

    #[test]
    fn the_first_that_fits_the_number_and_the_caller_is_taken() {
        let routes = Routes::new(vec![
            route(Some(RouteFrom::Trunk("a".into())), "1XXX", "only a"),
            route(Some(RouteFrom::Trunks), "1XXX", "trunks"),
            route(Some(RouteFrom::Extensions), "1XXX", "extensions"),
            route(None, "XXXX", "all"),
        ]);
        let (a, b, phone) = (Caller::Trunk("a".into()), Caller::Trunk("b".into()), Caller::Extension("1".into()));
        for (caller, purpose, number, name) in [
            (&a, None, "1000", "only a"),
            (&b, None, "1000", "trunks"),
            (&phone, None, "1000", "extensions"),
            (&a, Some(Purpose::Transfer), "1000", "only a"),
            (&a, Some(Purpose::Recall), "1000", "extensions"),
            (&b, Some(Purpose::Fallback), "1000", "extensions"),
            (&phone, None, "2000", "all"),
        ] {
            let (route, _) = routes.find(caller, purpose, number).unwrap();
            assert_eq!(route.to, [RouteTo::Trunk(name.into())], "{caller:?} {purpose:?} {number}");
        }
        assert!(routes.find(&phone, None, "20000").is_none());
    }

    #[test]
    fn strip_and_prepend_change_the_number() {
        let plan = RouteSettings { strip: 1, prepend: "+31".into(), ..route(None, "0X.", "carrier") };
        let routes = Routes::new(vec![plan]);
        assert_eq!(routes.find(&Caller::Extension("1".into()), None, "0201234567").unwrap().1, "+31201234567");
    }
}
