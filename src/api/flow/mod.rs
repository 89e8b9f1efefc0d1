//! Call flows: a number asks a program what to do with its caller, by a signed POST, and is given steps.

mod steps;

use super::{hooks::signature, settings::FlowSettings, state::State};
use crate::{
    call::Event,
    control::{Asked, Flow, Granted, Happened, Next, Read, Refusal, What},
    ids::{CallId, LegId},
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::{Semaphore, watch};

/// Callers who are led at once; more are left to the fallback of their route.
const MOST: usize = 1000;
/// Times that a program is asked for one caller: a program that goes in circles ends here.
const ROUNDS: usize = 200;
/// The largest list of steps, bytes.
const LARGEST: usize = 64 << 10;

/// Flows by their names.
pub(super) type Flows = HashMap<String, Arc<FlowSettings>>;

/// Each under its name.
pub(super) fn by_name(flows: &[FlowSettings]) -> Flows {
    flows.iter().map(|flow| (flow.name.clone(), Arc::new(flow.clone()))).collect()
}

/// Leads all callers who wait for one of these, for ever.
pub(super) async fn lead_all(state: State, flows: watch::Receiver<Flows>) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut reader = state.hub.subscribe().0;
    while let Some(read) = reader.next().await {
        let Read::News(news) = read else { continue };
        for one in news {
            let Happened::Call(call) = &one.what else { continue };
            let Event::Waiting { leg, flow } = &call.event else { continue };
            let settings = flows.borrow().get(flow).cloned();
            let Some(settings) = settings else {
                tracing::warn!(flow, %leg, "no [[flow]] has this name: the caller goes to the fallback");
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!(flow, %leg, "too many callers are led: this one goes to the fallback");
                continue;
            };
            let about = json!({ "flow": flow, "call_id": call.call, "leg_id": leg, "leg": call.leg });
            let caller =
                Caller { state: state.clone(), settings, leg: *leg, call: call.call, since: one.sequence, about };
            tokio::spawn(async move {
                caller.lead().await;
                drop(place);
            });
        }
    }
}

/// What the flow must know of what happened.
fn learn(flow: &mut Flow, read: Read) {
    match read {
        Read::News(news) => {
            for one in news {
                if let Happened::Call(call) = &one.what {
                    flow.happened(&call.event);
                }
            }
        }
        // What it waits for may have been among them: the program is asked what to do now.
        Read::Missed { .. } => flow.refused("missed", "more happened at once than could be followed".to_owned()),
    }
}

/// Somebody who is led.
struct Caller {
    state: State,
    settings: Arc<FlowSettings>,
    leg: LegId,
    call: CallId,
    /// The number of the news that it waits.
    since: u64,
    /// What the program is told each time.
    about: serde_json::Value,
}

impl Caller {
    async fn lead(self) {
        let mut flow = Flow::new(self.leg);
        let mut reader = self.state.hub.resume(self.since);
        let mut rounds = 0;
        loop {
            // Whoever has hung up while the program was asked wants no more steps.
            while let Some(read) = reader.read() {
                learn(&mut flow, read);
            }
            match flow.next_step() {
                Next::Over => return,
                Next::Verb(verb) => {
                    let by = format!("flow:{}", self.settings.name);
                    match self.state.desk.order(&by, What::Obey { call: None, verb }).await {
                        Ok((_, Granted::Done(done))) => flow.granted(&done),
                        Ok(_) | Err(Refusal::Gone) => return,
                        Err(Refusal::Full) => flow.refused("inbox-full", Refusal::Full.to_string()),
                        Err(Refusal::Refused(refused)) => flow.refused(refused.rule(), refused.to_string()),
                    }
                }
                Next::Ask(asked) => {
                    rounds += 1;
                    let steps =
                        if rounds <= ROUNDS { self.ask(&asked).await } else { Err("too many rounds".to_owned()) };
                    match steps {
                        Ok(steps) => flow.steps(steps),
                        Err(error) => {
                            tracing::warn!(flow = self.settings.name, call = %self.call, leg = %self.leg, error, "no steps");
                            // A caller whom nothing has become of yet goes to the fallback of its route.
                            if asked == Asked::Started {
                                return;
                            }
                            flow.steps(Vec::new());
                        }
                    }
                }
                Next::Wait => match reader.next().await {
                    Some(read) => learn(&mut flow, read),
                    None => return,
                },
            }
        }
    }

    /// The next steps.
    async fn ask(&self, asked: &Asked) -> Result<Vec<crate::control::Step>, String> {
        let mut about = self.about.clone();
        if let (Some(about), Ok(serde_json::Value::Object(asked))) =
            (about.as_object_mut(), serde_json::to_value(asked))
        {
            about.extend(asked);
        }
        let body = about.to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let request = self
            .state
            .hooks
            .client()
            .post(&self.settings.url)
            .header("content-type", "application/json")
            .header("warmline-event", "flow")
            .header("warmline-signature", signature(self.settings.secret.bytes(), now, &body))
            .body(body);
        let failed = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            text.extend_from_slice(&piece);
            if text.len() > LARGEST {
                return Err(format!("the list is longer than {LARGEST} bytes"));
            }
        }
        steps::read(&text)
    }
}
