//! Recordings as files, without a mixer.

use super::*;
use crate::media::audio::goertzel::{level, loudness};
use std::{f64::consts::TAU, fs, os::unix::fs::PermissionsExt};

/// A recorder, a tape of it, and what it tells.
struct Desk {
    place: tempfile::TempDir,
    recorder: Option<Recorder>,
    told: mpsc::Receiver<Told>,
}

impl Desk {
    fn new(settings: Recordings) -> Self {
        let place = tempfile::tempdir().unwrap();
        let directory = Some(place.path().to_owned());
        let (telling, told) = mpsc::channel(100);
        let settings = Recordings { directory, ..settings };
        let recorder = Some(Recorder::start(settings, Rate::NARROW, telling).unwrap());
        Self { place, recorder, told }
    }

    fn begin(&self, channels: usize, format: Format, frames: usize) -> Tape {
        let tape = Tape::new(channels, Rate::NARROW, frames);
        let (recording, call) = (RecordingId(1), CallId(7));
        self.recorder.as_ref().unwrap().begin(Begin { recording, call, format, tape: tape.clone() }).unwrap();
        tape
    }

    /// The next thing that is told.
    fn news(&mut self) -> RecordingNews {
        match self.told.blocking_recv() {
            Some((CallId(7), Event::Recording { recording: RecordingId(1), news })) => news,
            other => panic!("{other:?}"),
        }
    }

    /// It ends; the file, and what was told of it.
    fn ended(mut self) -> (tempfile::TempDir, RecordingNews) {
        assert!(matches!(self.news(), RecordingNews::Started { .. }));
        drop(self.recorder.take());
        let mut last = self.news();
        while let Some((_, Event::Recording { news, .. })) = self.told.blocking_recv() {
            last = news;
        }
        (self.place, last)
    }
}

/// Frame `number` of a tone.
fn tone(hz: f64, number: u64, sound: &mut [i16]) {
    for (sample, at) in sound.iter_mut().zip(number * 160..) {
        *sample = (8000.0 * (TAU * hz * at as f64 / 8000.0).sin()) as i16;
    }
}

/// All channels of a file.
fn heard(place: &tempfile::TempDir, file: &str) -> Vec<Vec<i16>> {
    let mut reader = hound::WavReader::open(place.path().join(file)).unwrap();
    let channels = usize::from(reader.spec().channels);
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    (0..channels).map(|channel| samples.iter().skip(channel).step_by(channels).copied().collect()).collect()
}

#[test]
fn each_is_on_its_channel_and_what_was_missed_is_silence() {
    let desk = Desk::new(Recordings::default());
    let tape = desk.begin(2, Format::Wav, 200);
    for number in (0..50).chain(60..100) {
        assert!(tape.write(number, Rate::NARROW, |sound| {
            tone(440.0, number, &mut sound[..160]);
            tone(1000.0, number, &mut sound[160..]);
        }));
    }
    tape.finish(110);
    let (place, news) = desk.ended();
    let RecordingNews::Ended { file, length_ms: 2200, lost_ms: 0 } = news else { panic!("{news:?}") };
    let sound = heard(&place, &file);
    for (channel, hz) in sound.iter().zip([440.0, 1000.0]) {
        assert_eq!(channel.len(), 110 * 160);
        assert!(
            level(&channel[..8000], hz, Rate::NARROW) > -13.0
                && level(&channel[..8000], 1440.0 - hz, Rate::NARROW) < -60.0
        );
        assert!(loudness(&channel[8000..9600]) < -100.0 && loudness(&channel[9600..16_000]) > -16.0);
    }
    let mode = fs::metadata(place.path().join(&file)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only we can read it");
}

#[test]
fn a_tape_that_was_full_is_told() {
    let desk = Desk::new(Recordings::default());
    let tape = Tape::new(1, Rate::NARROW, 10);
    for number in 0..15 {
        tape.write(number, Rate::NARROW, |sound| tone(440.0, number, sound));
    }
    tape.finish(15);
    let (recording, call, format) = (RecordingId(1), CallId(7), Format::Wav);
    desk.recorder.as_ref().unwrap().begin(Begin { recording, call, format, tape }).unwrap();
    let (_, news) = desk.ended();
    assert!(matches!(news, RecordingNews::Ended { length_ms: 300, lost_ms: 100, .. }), "{news:?}");
}

#[test]
fn wider_sound_is_brought_to_the_rate_of_the_file() {
    let desk = Desk::new(Recordings::default());
    let tape = Tape::new(1, Rate::FULL, 100);
    let (recording, call, format) = (RecordingId(1), CallId(7), Format::Wav);
    desk.recorder.as_ref().unwrap().begin(Begin { recording, call, format, tape: tape.clone() }).unwrap();
    for number in 0..100 {
        let rate = [Rate::NARROW, Rate::WIDE, Rate::FULL][number as usize / 34];
        tape.write(number, rate, |sound| {
            let from = number * rate.frame() as u64;
            for (sample, at) in sound.iter_mut().zip(from..) {
                *sample = (8000.0 * (TAU * 440.0 * at as f64 / f64::from(rate.0)).sin()) as i16;
            }
        });
    }
    tape.finish(100);
    let (place, news) = desk.ended();
    let RecordingNews::Ended { file, length_ms: 2000, .. } = news else { panic!("{news:?}") };
    let heard = level(&heard(&place, &file)[0], 440.0, Rate::NARROW);
    assert!((heard + 12.2 + 3.0).abs() < 3.5, "{heard}");
}

#[test]
fn narrower_sound_is_brought_to_the_rate_of_the_file_and_nothing_is_added() {
    let place = tempfile::tempdir().unwrap();
    let mut file = WavFile::create(&place.path().join("a.wav"), 2, Rate::FULL).unwrap();
    for number in 0..100 {
        let mut sound = [0; 320];
        tone(3000.0, number, &mut sound[..160]);
        file.write(&sound, Rate::NARROW).unwrap();
    }
    file.finish().unwrap();
    let sound = heard(&place, "a.wav");
    assert!((level(&sound[0], 3000.0, Rate::FULL) + 12.2).abs() < 0.5);
    assert!(level(&sound[0], 5000.0, Rate::FULL) < -70.0, "the image of the tone");
    assert!(sound[1].iter().all(|sample| *sample == 0) && sound[0].len() == 96_000);
}

#[test]
fn one_whose_mixer_is_gone_ends_by_itself() {
    let desk = Desk::new(Recordings::default());
    let tape = desk.begin(1, Format::Wav, 100);
    for number in 0..50 {
        tape.write(number, Rate::NARROW, |sound| tone(440.0, number, sound));
    }
    drop(tape);
    let (_, news) = desk.ended();
    assert!(matches!(news, RecordingNews::Ended { length_ms: 1000, .. }), "{news:?}");
}

#[test]
fn one_that_is_too_long_ends_there() {
    let desk = Desk::new(Recordings { max_s: 1, ..Recordings::default() });
    let tape = desk.begin(1, Format::Wav, 100);
    for number in 0..80 {
        tape.write(number, Rate::NARROW, |sound| tone(440.0, number, sound));
    }
    let (_, news) = desk.ended();
    assert!(matches!(news, RecordingNews::Ended { length_ms: 1000, .. }), "{news:?}");
}

#[test]
fn a_full_disk_is_told_and_what_is_written_can_be_played() {
    let mut desk = Desk::new(Recordings { min_free_bytes: u64::MAX, ..Recordings::default() });
    let _tape = desk.begin(1, Format::Wav, 100);
    assert_eq!(desk.news(), RecordingNews::Failed(RecordingFault::DiskFull));
    let mut file = WavFile::full();
    let written = file.write(&[1; 160], Rate::NARROW).and_then(|()| file.flush());
    assert_eq!(fault(written.unwrap_err()), RecordingFault::DiskFull);
}

#[test]
fn a_directory_that_cannot_be_is_told_at_the_start() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    for bad in [file.clone(), file.join("below")] {
        let settings = Recordings { directory: Some(bad), ..Recordings::default() };
        assert!(matches!(Recorder::check(&settings), Err(StartError::Recordings { .. })));
        let started = Recorder::start(settings, Rate::NARROW, mpsc::channel(1).0);
        assert!(matches!(started, Err(StartError::Recordings { .. })));
    }
    let new = place.path().join("a/b");
    let settings = Recordings { directory: Some(new.clone()), ..Recordings::default() };
    assert!(Recorder::check(&settings).is_ok() && !new.exists(), "who checks makes nothing");
    drop(Recorder::start(settings, Rate::NARROW, mpsc::channel(1).0).unwrap());
    assert_eq!(std::fs::read_dir(&new).unwrap().count(), 0);
}

#[test]
fn without_a_directory_nothing_is_recorded() {
    let (telling, mut told) = mpsc::channel(10);
    let recorder = Recorder::start(Recordings::default(), Rate::NARROW, telling).unwrap();
    let tape = Tape::new(1, Rate::NARROW, 1);
    recorder.begin(Begin { recording: RecordingId(1), call: CallId(7), format: Format::Wav, tape }).unwrap();
    let (_, news) = told.blocking_recv().unwrap();
    let news = if let Event::Recording { news, .. } = news { news } else { panic!("{news:?}") };
    assert_eq!(news, RecordingNews::Failed(RecordingFault::NotConfigured));
}

/// Only where an encoder is installed; where there is none, that is told.
#[test]
fn an_mp3_file_takes_the_place_of_the_wav() {
    let desk = Desk::new(Recordings::default());
    let tape = desk.begin(2, Format::Mp3, 200);
    for number in 0..150 {
        tape.write(number, Rate::NARROW, |sound| tone(440.0, number, &mut sound[..160]));
    }
    tape.finish(150);
    if Encoder::find().is_none() {
        let mut desk = desk;
        assert!(matches!(desk.news(), RecordingNews::Failed(RecordingFault::NoEncoder(_))));
        return;
    }
    let (place, news) = desk.ended();
    let RecordingNews::Ended { file, length_ms: 3000, .. } = news else { panic!("{news:?}") };
    let path = place.path().join(&file);
    assert!(file.ends_with(".mp3") && !path.with_extension("wav").exists());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "nobody else may read it");
    let pcm = crate::media::audio::file::decode(&fs::read(path).unwrap(), 60).unwrap();
    let seconds = pcm.samples.len() as f32 / pcm.rate as f32;
    assert!((2.9..3.4).contains(&seconds), "{seconds}");
}

/// Set in the child of the next test: where it records.
const CHILD: &str = "WARMLINE_TEST_RECORDS_IN";

#[test]
fn what_was_recorded_until_a_kill_9_can_be_played() {
    if let Some(directory) = std::env::var_os(CHILD) {
        return record_for_ever(directory.into());
    }
    let place = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["server::recorder::tests::what_was_recorded_until_a_kill_9_can_be_played", "--exact", "--nocapture"])
        .env(CHILD, place.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(said).map_while(Result::ok);
    let file = lines.find_map(|line| line.rsplit_once("recording in ").map(|(_, file)| file.to_owned())).unwrap();
    // It patches the header each second, and it is told when so much is on the tape.
    assert!(lines.any(|line| line == "4 s"));
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let sound = heard(&place, &file);
    assert!(sound[0].len() >= 2 * 8000, "{} samples", sound[0].len());
    assert!(level(&sound[0], 440.0, Rate::NARROW) > -13.0, "it was heard all the time");
}

/// Writes as a media thread does, in its time.
fn record_for_ever(directory: PathBuf) {
    let (telling, mut told) = mpsc::channel(100);
    let settings = Recordings { directory: Some(directory), ..Recordings::default() };
    let recorder = Recorder::start(settings, Rate::NARROW, telling).unwrap();
    let tape = Tape::new(1, Rate::NARROW, 75);
    let (recording, call, format) = (RecordingId(1), CallId(7), Format::Wav);
    recorder.begin(Begin { recording, call, format, tape: tape.clone() }).unwrap();
    let Some((_, Event::Recording { news: RecordingNews::Started { file }, .. })) = told.blocking_recv() else {
        panic!("it does not begin");
    };
    println!("recording in {file}");
    for number in 0.. {
        tape.write(number, Rate::NARROW, |sound| tone(440.0, number, sound));
        std::thread::sleep(Duration::from_millis(FRAME_MS));
        if number % 50 == 0 {
            println!("{} s", number / 50);
        }
    }
}
