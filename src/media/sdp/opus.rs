//! What a peer says of its Opus decoder (RFC 7587 6.1).

/// The wishes of an Opus decoder. None of them changes what it can decode; only the bit rate is a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpusFormat {
    /// maxplaybackrate: more than this many samples a second are lost on it.
    pub max_playback_rate: u32,
    /// maxaveragebitrate, bit/s.
    pub max_average_bitrate: Option<u32>,
    /// stereo: it likes two channels.
    pub stereo: bool,
    /// cbr: packets should all be of one size.
    pub cbr: bool,
    /// useinbandfec: it makes use of the copy that a packet has of the one before.
    pub fec: bool,
    /// usedtx: nothing need be sent while nobody speaks.
    pub dtx: bool,
}

impl Default for OpusFormat {
    /// What is so when nothing is said.
    fn default() -> Self {
        Self { max_playback_rate: 48_000, max_average_bitrate: None, stereo: false, cbr: false, fec: false, dtx: false }
    }
}

impl OpusFormat {
    /// What we say of ours.
    pub(super) const OURS: &str = "useinbandfec=1";

    /// Reads the parameters of an a=fmtp; what cannot be understood is not there.
    pub(super) fn read(parameters: &str) -> Self {
        let mut format = Self::default();
        for parameter in parameters.split(';') {
            let Some((name, value)) = parameter.split_once('=') else { continue };
            let (name, value) = (name.trim(), value.trim());
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let yes = value == "1";
            if is("maxplaybackrate") {
                format.max_playback_rate = value.parse().map_or(48_000, |rate: u32| rate.clamp(8_000, 48_000));
            } else if is("maxaveragebitrate") {
                // RFC 7587 6.1: from 6000 to 510000.
                format.max_average_bitrate = value.parse().ok().map(|rate: u32| rate.clamp(6_000, 510_000));
            } else if is("stereo") {
                format.stereo = yes;
            } else if is("cbr") {
                format.cbr = yes;
            } else if is("useinbandfec") {
                format.fec = yes;
            } else if is("usedtx") {
                format.dtx = yes;
            }
        }
        format
    }

    /// Whether packets that were made for `other` may go to this one as they are: all its wishes but the limits may be passed over.
    pub(crate) fn takes_what_was_made_for(&self, other: &Self) -> bool {
        let limit = |format: &Self| format.max_average_bitrate.unwrap_or(u32::MAX);
        limit(self) >= limit(other) && self.cbr <= other.cbr
    }
}

#[cfg(test)]
mod tests {
    use super::OpusFormat;

    #[test]
    fn parameters_are_read_in_any_order_and_case() {
        let said = "maxplaybackrate=16000; sprop-maxcapturerate=16000;MaxAverageBitrate=20000; stereo=1; UseInbandFEC=1;usedtx=0;cbr=1";
        let expected = OpusFormat {
            max_playback_rate: 16_000,
            max_average_bitrate: Some(20_000),
            stereo: true,
            cbr: true,
            fec: true,
            dtx: false,
        };
        assert_eq!(OpusFormat::read(said), expected);
        assert_eq!(OpusFormat::read("maxaveragebitrate=; =;;x"), OpusFormat::default());
        assert_eq!(OpusFormat::read("maxaveragebitrate=99999999").max_average_bitrate, Some(510_000));
    }

    #[test]
    fn only_limits_stand_in_the_way_of_another_s_packets() {
        let plain = OpusFormat::default();
        let limited = OpusFormat { max_average_bitrate: Some(20_000), ..plain };
        assert!(plain.takes_what_was_made_for(&limited) && !limited.takes_what_was_made_for(&plain));
        assert!(OpusFormat { fec: true, dtx: true, stereo: true, ..plain }.takes_what_was_made_for(&plain));
    }
}
