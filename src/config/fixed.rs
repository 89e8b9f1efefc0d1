//! What cannot change while the switch runs.

use super::{
    Config,
    problem::{Problem, Report},
    sections::File,
};
use crate::{api, records, server};
use std::{fmt::Debug, path::Path};
use toml::Spanned;

/// A key whose value sockets, threads or dialogs hold on to, and what it comes to, whether it is written or not.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    /// Says where it is.
    problem: Problem,
    value: String,
}

/// All of them, as `server` has them.
pub(super) fn read(
    file: &File,
    server: &server::Settings,
    api: Option<&api::Settings>,
    report: &Report<'_>,
) -> Vec<Fixed> {
    let (sip, media) = (&file.sip, &file.media);
    let place = |place, said: Option<usize>, section: usize, value: &dyn Debug| Fixed {
        problem: report.problem(said.unwrap_or(section), place, String::new()),
        value: format!("{value:?}").replace('"', ""),
    };
    let sip_key = |name, said, value| place(name, said, sip.start, value);
    let media_key = |name, said, value| place(name, said, media.start, value);
    let http = file.http.as_ref();
    let http_key = |name, said, value| place(name, said, http.map_or(0, |http| http.start), value);
    let endpoint = &server.exchange.sip;
    vec![
        sip_key("[sip] listen", at(sip.keys.listen.as_ref()), &server.listen),
        sip_key("[sip] domain", at(sip.keys.domain.as_ref()), &server.switch.domain),
        sip_key("[sip] public_address", at(sip.keys.public_address.as_ref()), &endpoint.public_address),
        sip_key("[sip] state_directory", at(sip.keys.state_directory.as_ref()), &server.state_directory),
        media_key("[media] address", at(media.keys.address.as_ref()), &server.media_bind),
        media_key("[media] ports", at(media.keys.ports.as_ref()), &server.media_ports),
        media_key("[media] threads", at(media.keys.threads.as_ref()), &server.media_threads),
        http_key("[http] listen", at(http.and_then(|http| http.keys.listen.as_ref())), &api.map(|api| api.listen)),
    ]
}

impl Config {
    /// Whether a switch that runs with `running` can go over to these settings; else what stands in the way, each with its place
    /// in this file. All or nothing: a file of which only a part would be obeyed would say what is not so.
    pub fn may_follow(&self, running: &Self) -> Result<(), Vec<Problem>> {
        let changed = self.fixed.iter().zip(&running.fixed).filter(|(new, old)| new.value != old.value);
        let mut problems: Vec<_> = changed
            .map(|(new, old)| Problem {
                message: format!("cannot change from {} to {} while the switch runs: restart it", old.value, new.value),
                ..new.problem.clone()
            })
            .collect();
        let (new, old) = (&self.server, &running.server);
        let sections = [
            ("[records] path", place(self.records.as_ref()) != place(running.records.as_ref())),
            ("[http.tls]", certificate(self) != certificate(running)),
            ("[recording]", new.recordings != old.recordings),
            ("[media] jitter_min_ms, jitter_max_ms", new.jitter != old.jitter),
            ("[trace]", new.trace_bytes != old.trace_bytes),
            ("[log]", self.log != running.log),
        ];
        for (place, _) in sections.into_iter().filter(|(_, changed)| *changed) {
            let message = "it, or what it depends on, has changed: restart the switch".to_owned();
            problems.extend(self.fixed.first().map(|first| Problem {
                message,
                place: place.to_owned(),
                at: None,
                ..first.problem.clone()
            }));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

fn place(records: Option<&records::Settings>) -> Option<&Path> {
    records.map(|records| &*records.path)
}

fn certificate(config: &Config) -> Option<&api::TlsFiles> {
    config.api.as_ref().and_then(|api| api.tls.as_ref())
}

fn at<T>(said: Option<&Spanned<T>>) -> Option<usize> {
    said.map(|said| said.span().start)
}
