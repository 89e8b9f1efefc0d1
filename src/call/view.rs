//! What is so now, as plain data for programs: calls, their legs, the transfer under way.

use crate::ids::{AttemptId, CallId, GatherId, LegId, PlayId, RecordingId, TransferId};
use serde::{Serialize, Serializer};
use std::{
    fmt,
    time::{Duration, Instant},
};
use utoipa::{PartialSchema, ToSchema};

/// A call as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallView {
    /// Its name.
    pub id: CallId,
    /// What it is.
    pub kind: CallKind,
    /// The name of the room, if it is one.
    pub room: Option<String>,
    /// A program cares for it: it goes on while one is alone in it.
    pub kept: bool,
    /// When it began.
    pub started_at: Stamp,
    /// Who is in it, ringing ones included, the oldest first.
    pub legs: Vec<LegView>,
    /// The transfer under way.
    pub transfer: Option<TransferView>,
    /// Who is being called.
    pub attempts: Vec<AttemptView>,
    /// What is played to all.
    pub plays: Vec<PlayId>,
    /// Recordings of the whole call that are being made.
    pub recordings: Vec<RecordingId>,
}

/// What a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// People who talk; it ends when one is alone.
    Conversation,
    /// A conference room.
    Room,
    /// One party and the switch itself: music, echo.
    Service,
}

/// A leg as it is now, or as it was in the end.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LegView {
    /// Its name.
    pub id: LegId,
    /// The call that it is in.
    pub call: CallId,
    /// Who called whom.
    pub direction: LegDirection,
    /// Where it belongs.
    pub party: PartyView,
    /// What it dialled, where it called us; what was dialled for it, where we call it.
    pub dialled: Option<String>,
    /// How far it is.
    pub state: LegState,
    /// It neither talks nor hears the others because we hold it.
    pub held_by_us: bool,
    /// Its own phone has put us on hold.
    pub held_by_phone: bool,
    /// What it may do in the mix.
    pub role: RoleView,
    /// Who hears it, where it coaches.
    pub coach_target: Option<LegId>,
    /// Nobody hears it.
    pub muted: bool,
    /// It hears nobody.
    pub deaf: bool,
    /// What it hears now.
    pub hears: HearsView,
    /// The name of the codec, as in SDP.
    pub codec: Option<String>,
    /// The suite of SRTP by its name in SDP; none: its media are not secret.
    pub srtp: Option<String>,
    /// What is played to it alone.
    pub plays: Vec<PlayId>,
    /// The digits that are gathered from it.
    pub gather: Option<GatherId>,
    /// Recordings of it alone that are being made.
    pub recordings: Vec<RecordingId>,
    /// The attempt that called it.
    pub attempt: Option<AttemptId>,
    /// The queue in which it waits or waited last, or that gave it its caller.
    pub queue: Option<String>,
    /// When it began.
    pub started_at: Stamp,
    /// When it first rang.
    pub ringing_at: Option<Stamp>,
    /// When it was answered.
    pub answered_at: Option<Stamp>,
    /// When it ended.
    pub ended_at: Option<Stamp>,
    /// Call-ID of its dialog.
    pub sip_call_id: Option<String>,
    /// What its phone says that it is.
    pub user_agent: Option<String>,
    /// How its media fare.
    pub quality: Option<QualityView>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegDirection {
    /// It called us.
    Incoming,
    /// We called it.
    Outgoing,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartyView {
    /// Extension, trunk or another host.
    pub kind: PartyKind,
    /// The number of the extension, the name of the trunk, or the host.
    pub place: String,
    /// The number that others see; `None`: it wants to be nobody.
    pub number: Option<String>,
    /// The name that others see.
    pub name: Option<String>,
}

/// Where a leg belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartyKind {
    /// One of our extensions.
    Extension,
    /// Somebody over a trunk.
    Trunk,
    /// Somebody at another SIP host, called by its URI.
    Host,
}

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// It called and was told nothing yet, or is called and does not ring yet.
    Trying,
    /// It rings.
    Ringing,
    /// It hears, or sends, media before the answer.
    Early,
    /// It is answered.
    Answered,
    /// It answered and is not joined yet: it hears a whisper, or is asked to confirm.
    Screened,
    /// It handed its caller over and is about to hang up.
    Leaving,
    /// It is gone.
    Ended,
}

/// What a leg may do in the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleView {
    /// Is heard and hears.
    Talk,
    /// Hears all, is heard by one.
    Coach,
    /// Hears all, is heard by nobody.
    Monitor,
}

/// What a leg hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HearsView {
    /// Nothing is sent to it by us, or nothing is agreed on.
    Nothing,
    /// The others.
    Mix,
    /// The hold music.
    Music,
    /// Ringback, busy, or another tone.
    Tone,
    /// A clip, or speech.
    Clip,
    /// Itself.
    Echo,
}

/// A transfer as it is now, or as it ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TransferView {
    /// Its name.
    pub id: TransferId,
    /// In which way it is done.
    pub kind: TransferKind,
    /// Who hands over.
    pub transferor: LegId,
    /// Who that is, for when the leg is gone.
    pub by: PartyView,
    /// Who is handed over.
    pub callers: Vec<LegId>,
    /// To whom, as it was said.
    pub to: String,
    /// The leg of the target, once there is one.
    pub target: Option<LegId>,
    /// How far it is.
    pub phase: TransferPhase,
    /// When it began.
    pub started_at: Stamp,
    /// How it ended.
    pub outcome: Option<super::Outcome>,
    /// The SIP status that decided it.
    pub status: Option<u16>,
    /// The reason phrase of that.
    pub reason: Option<String>,
}

/// In which way a transfer is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Without a word before.
    Cold,
    /// The phones of two calls are joined (REFER with Replaces).
    Attended,
    /// After a talk with the target in the same call.
    Warm,
    /// A member of a room, or of a talk of three, asks somebody in.
    Invitation,
    /// The last one who talked left a caller on hold, who is brought back.
    Return,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferPhase {
    /// Asked for.
    Started,
    /// The target is being called.
    Calling,
    /// The target rings.
    Ringing,
    /// Transferor and target talk in private.
    Consulting,
    /// Transferor and caller talk in private.
    Swapped,
    /// All talk.
    Merged,
    /// The transferor goes.
    Completing,
    /// It failed; the caller is with the transferor again.
    Returned,
    /// It failed; the transferor is told so by a tone.
    Failed,
    /// The transferor is rung again.
    Recalling,
    /// The fallback is rung.
    FallingBack,
    /// Over.
    Ended,
}

/// Somebody who is being called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttemptView {
    /// Its name.
    pub id: AttemptId,
    /// Whom, as it was said.
    pub to: String,
    /// Who rings for it.
    pub legs: Vec<LegId>,
}

/// How the media of a leg fare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct QualityView {
    /// What it speaks, as in SDP.
    pub codec: Option<&'static str>,
    /// RTP packets received.
    pub received: u64,
    /// RTP packets that never came.
    pub lost: u64,
    /// RTP packets that came too late to be played.
    pub late: u64,
    /// RTP packets that came twice.
    pub duplicates: u64,
    /// RTP packets that came after one that was sent later.
    pub disordered: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Interarrival jitter, ms.
    pub jitter_ms: f32,
    /// Round trip, ms, where the peer reports.
    pub round_trip_ms: Option<f32>,
    /// What a listener would say of what came from it, 1 (bad) to 4.5 (ITU-T G.107).
    pub mos: Option<f32>,
    /// How long its sound waits for packets that come late, ms.
    pub buffer_ms: f32,
    /// Sound that was made up for what was missing, ms.
    pub concealed_ms: u64,
    /// Packets that were refused: made without its key, or replayed (SRTP).
    pub forged: u64,
    /// Of what we sent, as the peer last reported it: packets lost in all.
    pub peer_lost: Option<u32>,
    /// Likewise: interarrival jitter, ms.
    pub peer_jitter_ms: Option<f32>,
}

/// A moment of the calendar: ms since 1970-01-01 UTC. Programs see it as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0 / 1000, self.0 % 1000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March put the leap day at their end; an era is 400 years.
    let since_march_0 = days + 719_468;
    let (era, day_of_era) = (since_march_0 / 146_097, since_march_0 % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Stamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, schema::Type};
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Stamp {}

/// What time of the calendar some moment was: pure rooms know no other clock than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// At this moment ...
    pub at: Instant,
    /// ... it was so many ms after 1970-01-01 UTC.
    pub unix_ms: u64,
}

impl Epoch {
    /// What a moment is in the calendar.
    pub fn stamp(&self, at: Instant) -> Stamp {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let stamp = match at.checked_duration_since(self.at) {
            Some(later) => self.unix_ms.saturating_add(ms(later)),
            None => self.unix_ms.saturating_sub(ms(self.at.saturating_duration_since(at))),
        };
        Stamp(stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_written_as_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_289_690_940_007, "2010-11-13T23:29:00.007Z"),
            (1_709_208_001_999, "2024-02-29T12:00:01.999Z"),
            (4_133_980_799_000, "2100-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Stamp(ms).to_string(), text);
        }
    }
}
