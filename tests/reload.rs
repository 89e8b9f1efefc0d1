//! The program goes over to a changed config.toml at SIGHUP: whole, or not at all.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and these run on the real clock")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use tempfile::TempDir;

const USUAL: &str = r#"
[sip]
listen = ["udp://127.0.6.1:0"]
domain = "office.example"
state_directory = ""

[media]
address = "127.0.6.1"
ports = "28000-28099"

[[trunk]]
name = "carrier"
host = "127.0.6.2:5060"
accept_from = ["127.0.6.0/24"]

[[extension]]
number = "1001"
password = "warm-1001"
"#;

const MORE: &str = "[[extension]]\nnumber = \"1002\"\npassword = \"warm-1002\"\n";
const ROOM: &str = "[[route]]\nmatch = \"7XXX\"\nto = \"conference:{number}\"\n";

#[test]
fn what_is_new_is_there_and_what_is_gone_is_gone() {
    let mut switch = Switch::start(USUAL);
    assert_eq!(switch.status_of("1001"), 480);
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{MORE}")).contains("extensions: 1 added"));
    assert_eq!(switch.status_of("1002"), 480);
    assert!(switch.hang_up(USUAL).contains("extensions: 1 removed"));
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{ROOM}")).contains("routes changed"));
    assert!(switch.hang_up(&format!("{USUAL}{ROOM}")).contains("no extension, trunk or route changed"));
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_says_where_it_is_wrong() {
    let mut switch = Switch::start(USUAL);
    let wrong = format!("{USUAL}{MORE}max_contacts = 0\n");
    let said = switch.hang_up(&wrong);
    assert!(said.contains("config.toml:22:16: [extension] max_contacts: 0 must be 1 to 100"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{MORE}")).contains("1 added"), "it goes on to obey");
}

#[test]
fn what_needs_a_restart_changes_nothing_and_is_named() {
    let mut switch = Switch::start(USUAL);
    let moved = format!("{USUAL}{MORE}").replace("28099", "28199").replace("office.example", "elsewhere.example");
    let said = switch.hang_up(&moved);
    assert!(said.contains("config.toml:4:10: [sip] domain: cannot change from office.example to"), "{said}");
    assert!(said.contains("config.toml:9:9: [media] ports: cannot change from 28000..=28099 to"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
    let said = switch.hang_up(&format!("{USUAL}{MORE}[http]\nlisten = \"127.0.6.1:0\"\n"));
    assert!(said.contains("config.toml:23:10: [http] listen: cannot change from None to"), "{said}");
    let said = switch.hang_up(&format!("{USUAL}\n").replace("[sip]", "[sip]\nmax_expires_s = 30"));
    assert!(said.contains("is less than min_expires_s"), "{said}");
}

#[test]
fn hold_music_that_cannot_be_read_changes_nothing() {
    let mut switch = Switch::start(USUAL);
    let deaf = format!("{USUAL}{MORE}").replace("[media]", "[media]\nhold_music = \"nowhere.wav\"");
    let said = switch.hang_up(&deaf);
    assert!(said.contains("nowhere.wav as hold music"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
}

/// A switch of its own, and a carrier that calls it.
struct Switch {
    program: Child,
    address: SocketAddr,
    log: Receiver<String>,
    file: PathBuf,
    carrier: UdpSocket,
    calls: u32,
    _directory: TempDir,
}

impl Switch {
    fn start(config: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        fs::write(&file, config).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_warmline"))
            .args(["--log", "info", "run"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (telling, log) = channel();
        let lines = BufReader::new(program.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| telling.send(line)));
        let first = BufReader::new(program.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = first.rsplit_once("udp://").unwrap().1.parse().unwrap();
        let carrier = UdpSocket::bind("127.0.6.2:0").unwrap();
        carrier.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { program, address, log, file, carrier, calls: 0, _directory: directory }
    }

    /// Writes the file anew and sends SIGHUP; all that the log says up to its last word on it.
    fn hang_up(&mut self, config: &str) -> String {
        fs::write(&self.file, config).unwrap();
        let pid = rustix::process::Pid::from_child(&self.program);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        let mut said = String::new();
        while !said.contains("settings reloaded") && !said.contains("the settings stay as they were") {
            said += &self.log.recv_timeout(Duration::from_secs(10)).unwrap();
            said.push('\n');
        }
        said
    }

    /// What a call of the carrier to this number is answered.
    fn status_of(&mut self, number: &str) -> u16 {
        self.calls += 1;
        let (call, own, switch) = (self.calls, self.carrier.local_addr().unwrap(), self.address);
        let request = |method: &str, to: &str| {
            format!(
                "{method} sip:{number}@{switch} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{call}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:+31201234567@{own}>;tag=a\r\nTo: {to}\r\nCall-ID: call-{call}\r\n\
                 CSeq: 1 {method}\r\nContact: <sip:{own}>\r\nContent-Length: 0\r\n\r\n"
            )
        };
        self.carrier.send_to(request("INVITE", &format!("<sip:{number}@{switch}>")).as_bytes(), switch).unwrap();
        loop {
            let mut answer = [0; 4096];
            let length = self.carrier.recv(&mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
            if status < 200 || !answer.contains(&format!("Call-ID: call-{call}\r\n")) {
                continue;
            }
            let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
            self.carrier.send_to(request("ACK", to).as_bytes(), switch).unwrap();
            return status;
        }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _gone = self.program.kill();
        let _status = self.program.wait();
    }
}
