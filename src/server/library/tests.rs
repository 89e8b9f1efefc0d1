//! The library against a small server of HTTP, and what is played when that one is gone.

use super::{shelf::Shelf, *};
use crate::media::Clip;
use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    thread,
};

const TONE: &[u8] = include_bytes!("../../../tests/sounds/tone.mp3");

/// A server that gives each request the next answer, and keeps what was asked.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    release: std::sync::mpsc::Sender<()>,
}

impl Host {
    fn new(answers: Vec<Vec<u8>>) -> Self {
        let count = answers.len();
        let host = Self::slow(answers);
        (0..count).for_each(|_| host.release());
        host
    }

    /// Gives no answer until it is released.
    fn slow(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        let (release, released) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let mut answers = VecDeque::from(answers);
            while let Some(answer) = answers.pop_front() {
                let Ok((stream, _)) = listener.accept() else { return };
                keep.lock().unwrap().push(request(&stream));
                let Ok(()) = released.recv() else { return };
                // One who has heard enough hangs up.
                let _gone = (&stream).write_all(&answer);
            }
        });
        Self { address, asked, release }
    }

    fn release(&self) {
        // It may have given all its answers.
        let _ended = self.release.send(());
    }

    fn url(&self, path: &str) -> Sound {
        Sound::Url(format!("{}/{path}", self.address))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).map(|line| format!("{}\n", line.to_lowercase())).collect()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn shelf(settings: Sounds) -> Arc<Shelf> {
    Arc::new(Shelf::new(settings, vec![Rate::NARROW]))
}

/// Nothing stays fresh.
fn asking(settings: Sounds) -> Arc<Shelf> {
    let mut shelf = Shelf::new(settings, vec![Rate::NARROW]);
    shelf.fresh = Duration::ZERO;
    Arc::new(shelf)
}

fn only(list: &Playlist) -> &Clip {
    assert_eq!(list.clips().len(), 1);
    &list.clips()[0]
}

#[tokio::test]
async fn a_url_is_fetched_once_and_kept() {
    let host = Host::new(vec![answer("200 OK", "ETag: \"one\"\r\n", TONE)]);
    let shelf = shelf(Sounds::default());
    let url = host.url("a.mp3");
    let (first, second) = tokio::join!(shelf.find(&url), shelf.find(&url));
    let first = first.unwrap();
    assert!((4000..5300).contains(&only(&first).len()), "{}", only(&first).len());
    assert!(std::ptr::eq(only(&first), only(&second.unwrap())) && host.asked().len() == 1);
}

#[tokio::test]
async fn what_is_not_fresh_is_asked_for_again_and_played_as_it_was_when_it_cannot_be_had() {
    let host = Host::new(vec![
        answer("200 OK", "ETag: \"one\"\r\nLast-Modified: Sat, 31 Jan 2026 12:00:00 GMT\r\n", TONE),
        answer("304 Not Modified", "", b""),
        answer("500 Internal Server Error", "", b""),
        answer("200 OK", "ETag: \"two\"\r\n", b"no sound"),
        answer("200 OK", "ETag: \"two\"\r\n", &[TONE, TONE].concat()),
        answer("304 Not Modified", "", b""),
    ]);
    let shelf = asking(Sounds::default());
    let url = host.url("a.mp3");
    let first = shelf.find(&url).await.unwrap();
    assert!(std::ptr::eq(only(&first), only(&shelf.find(&url).await.unwrap())), "304 keeps it");
    assert!(std::ptr::eq(only(&first), only(&shelf.find(&url).await.unwrap())), "so does a failure");
    assert!(std::ptr::eq(only(&first), only(&shelf.find(&url).await.unwrap())), "and what is no sound");
    let second = shelf.find(&url).await.unwrap();
    assert!(only(&second).len() > only(&first).len() + 3000, "another edition is another sound");
    assert!(std::ptr::eq(only(&second), only(&shelf.find(&url).await.unwrap())));
    // The server is gone for good.
    assert!(std::ptr::eq(only(&second), only(&shelf.find(&url).await.unwrap())));
    let asked = host.asked();
    assert!(!asked[0].contains("if-none-match"));
    assert!(asked[1].contains("if-none-match: \"one\"\n") && asked[1].contains("if-modified-since: sat, 31 jan 2026"));
    assert!(asked[4].contains("if-none-match: \"one\"\n"), "what was no sound is no edition");
    assert!(asked[5].contains("if-none-match: \"two\"\n") && !asked[5].contains("if-modified-since"));
}

#[tokio::test]
async fn nothing_is_fetched_from_hosts_that_are_not_allowed() {
    let inside = Host::new(vec![answer("200 OK", "", TONE)]);
    let away = format!("Location: {}/secret.mp3\r\n", inside.address);
    let sounds = Host::new(vec![answer("302 Found", &away, b""), answer("200 OK", "", TONE)]);
    let hosts = vec![sounds.address.trim_start_matches("http://").to_owned()];
    let shelf = shelf(Sounds { hosts, ..Sounds::default() });
    assert!(matches!(shelf.find(&inside.url("a.mp3")).await, Err(SoundError::NotAllowed(_))));
    assert!(matches!(shelf.find(&sounds.url("a.mp3")).await, Err(SoundError::Unreachable { .. })));
    assert!(inside.asked().is_empty(), "not by a redirect either");
    assert!(shelf.find(&sounds.url("b.mp3")).await.is_ok());
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let there = answer("302 Found", "Location: /b.mp3\r\n", b"");
    let host = Host::new(vec![there.clone(), there.clone(), answer("200 OK", "", TONE)]);
    assert!(shelf(Sounds::default()).find(&host.url("a.mp3")).await.is_ok());
    let host = Host::new(vec![there; 10]);
    let error = shelf(Sounds::default()).find(&host.url("a.mp3")).await.unwrap_err();
    assert!(matches!(error, SoundError::Unreachable { .. }) && host.asked().len() <= 7, "{error}");
    // Nobody leads us to a file of this machine.
    let file = answer("302 Found", "Location: file:///etc/passwd\r\n", b"");
    let error = shelf(Sounds::default()).find(&Host::new(vec![file]).url("a.mp3")).await.unwrap_err();
    assert!(matches!(error, SoundError::Unreachable { .. } | SoundError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_played_says_why() {
    let large = answer("200 OK", "", &vec![0; 5000]);
    let endless = [&b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"[..], &vec![0; 5000]].concat();
    let host = Host::new(vec![
        answer("404 Not Found", "", b"<html>secret</html>"),
        answer("200 OK", "", b"<html>no sound</html>"),
        large,
        endless,
        answer("200 OK", "", TONE),
    ]);
    let small = || Sounds { max_bytes: 4000, max_s: 10, ..Sounds::default() };
    let shelf = shelf(small());
    let mut errors = Vec::new();
    for path in ["a", "b", "c", "d"] {
        errors.push(shelf.find(&host.url(path)).await.unwrap_err());
    }
    let name = host.address.trim_start_matches("http://").to_owned();
    assert_eq!(errors[0], SoundError::Refused { host: name, status: 404 });
    assert!(matches!(errors[1], SoundError::Unusable(_)));
    assert_eq!(errors[2..], [SoundError::TooLarge(4000), SoundError::TooLarge(4000)]);
    assert!(shelf.find(&host.url("e")).await.is_ok());
    for url in ["file:///etc/passwd", "ftp://example.com/a.mp3", "http://", "nonsense"] {
        assert_eq!(shelf.find(&Sound::Url(url.to_owned())).await, Err(SoundError::BadUrl), "{url}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = shelf.find(&Sound::Url(format!("http://{nobody}/x?token=secret"))).await.unwrap_err();
    assert!(matches!(dead, SoundError::Unreachable { .. }) && !dead.to_string().contains("secret"), "{dead}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.mp3", listener.local_addr().unwrap());
    let shelf = shelf(Sounds { timeout: Duration::from_millis(200), ..Sounds::default() });
    let error = shelf.find(&Sound::Url(url)).await.unwrap_err();
    assert_eq!(error, SoundError::TooSlow(0));
}

#[tokio::test]
async fn who_waits_for_a_sound_that_is_kept_does_not_wait_for_its_server() {
    let late = answer("200 OK", "ETag: \"two\"\r\n", &[TONE, TONE].concat());
    let host = Host::slow(vec![answer("200 OK", "ETag: \"one\"\r\n", TONE), late]);
    let shelf = asking(Sounds::default());
    let url = host.url("a.mp3");
    host.release();
    let first = shelf.find(&url).await.unwrap();
    // The first of these gives up waiting, the second is told at once that somebody asks.
    for _ in 0..2 {
        assert!(std::ptr::eq(only(&first), only(&shelf.find(&url).await.unwrap())));
    }
    host.release();
    while std::ptr::eq(only(&first), only(&shelf.find(&url).await.unwrap())) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_waits_for_the_server_of_another_sound() {
    let host = Host::slow(vec![answer("200 OK", "", TONE); 200]);
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("good.mp3"), TONE).unwrap();
    let shelf = shelf(Sounds { directory: Some(place.path().to_owned()), ..Sounds::default() });
    for number in 0..200 {
        let (shelf, url) = (Arc::clone(&shelf), host.url(&number.to_string()));
        tokio::spawn(async move { shelf.find(&url).await });
    }
    tokio::task::yield_now().await;
    assert!(shelf.find(&Sound::File("good".to_owned())).await.is_ok());
}

#[tokio::test]
async fn of_a_list_what_can_be_had_is_played() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("good.mp3"), TONE).unwrap();
    let shelf = shelf(Sounds { directory: Some(place.path().to_owned()), ..Sounds::default() });
    let file = |name: &str| Sound::File(name.to_owned());
    let list = |sounds: &[&str]| Sound::List { sounds: sounds.iter().map(|name| file(name)).collect(), shuffle: true };
    assert_eq!(shelf.find(&list(&["good", "bad", "good.mp3"])).await.unwrap().clips().len(), 2);
    assert_eq!(shelf.find(&list(&["bad", "worse"])).await, Err(SoundError::NoSuchFile("bad".to_owned())));
    assert_eq!(shelf.find(&list(&[])).await, Err(SoundError::Nothing));
    // Another file by the same name is another sound.
    let before = shelf.find(&file("good")).await.unwrap();
    std::fs::write(place.path().join("good.mp3"), [TONE, TONE].concat()).unwrap();
    assert!(only(&shelf.find(&file("good")).await.unwrap()).len() > only(&before).len() + 3000);
}

#[test]
fn hold_music_that_comes_by_url_is_told_when_it_is_there() {
    let host = Host::new(vec![answer("200 OK", "", TONE)]);
    let (finding, mut found) = mpsc::channel(10);
    let library = Library::start(Sounds::default(), vec![Rate::NARROW], finding).unwrap();
    let Sound::Url(url) = host.url("hold.mp3") else { unreachable!() };
    let wanted = HoldMusic { pieces: vec![Piece::Url(url)], ..HoldMusic::default() };
    let silence = library.hold_music(&wanted).unwrap();
    assert_eq!(silence, Music::shared(Playlist::new(Vec::new(), None)), "silence until it is there");
    let Some(Found::Music(music)) = found.blocking_recv() else { panic!("no music") };
    assert_ne!(*music, silence);
    let missing = HoldMusic { pieces: vec![Piece::File("/nowhere/hold.wav".into())], ..HoldMusic::default() };
    assert!(library.hold_music(&missing).is_err());
}
