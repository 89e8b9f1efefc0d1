//! A switch of its own, and a carrier that calls it.

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// An extension, a carrier that needs no password, and nothing kept.
pub(crate) const USUAL: &str = r#"
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

/// The API, with a token that may do anything.
pub(crate) const HTTP: &str = r#"
[http]
listen = "127.0.6.1:0"

[[http.token]]
name = "test"
token = "test-token"
scopes = ["admin"]
"#;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Switch {
    program: Child,
    sip: SocketAddr,
    http: Option<SocketAddr>,
    log: Receiver<String>,
    file: PathBuf,
    carrier: UdpSocket,
    calls: u32,
    directory: Option<TempDir>,
}

/// A call of the carrier that was answered.
pub(crate) struct Call {
    number: String,
    call: u32,
    to: String,
}

impl Switch {
    pub(crate) fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config)
    }

    pub(crate) fn start_in(directory: TempDir, config: &str) -> Self {
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
        let mut said = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let sip = said.next().unwrap().rsplit_once("udp://").unwrap().1.parse().unwrap();
        let programs = config.contains("[http]").then(|| said.next().unwrap());
        let http = programs.map(|line| line.rsplit_once("://").unwrap().1.trim_end_matches("/v1").parse().unwrap());
        let carrier = UdpSocket::bind("127.0.6.2:0").unwrap();
        carrier.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { program, sip, http, log, file, carrier, calls: 0, directory: Some(directory) }
    }

    /// Kills it as nothing can be killed more, and gives back where it lived.
    pub(crate) fn kill(mut self) -> TempDir {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
        self.directory.take().unwrap()
    }

    /// Writes the file anew and sends SIGHUP; all that the log says up to its last word on it.
    pub(crate) fn hang_up(&mut self, config: &str) -> String {
        fs::write(&self.file, config).unwrap();
        let pid = rustix::process::Pid::from_child(&self.program);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        let mut said = String::new();
        while !said.contains("settings reloaded") && !said.contains("the settings stay as they were") {
            said += &self.log.recv_timeout(PATIENCE).unwrap();
            said.push('\n');
        }
        said
    }

    /// Writes the file anew and has a program say that it is to be read.
    pub(crate) fn reload(&self, config: &str) -> (u16, Value) {
        fs::write(&self.file, config).unwrap();
        self.ask("POST", "/v1/reload")
    }

    /// Writes the file anew.
    pub(crate) fn write(&mut self, config: &str) {
        fs::write(&self.file, config).unwrap();
    }

    /// What a command of the command line says; what it complains of.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
            .args(arguments)
            .env_remove("WARMLINE_TOKEN")
            .env("WARMLINE_CONFIG", &self.file)
            .env("WARMLINE_URL", format!("http://{}", self.http.unwrap()))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// A request without a body; status and JSON of the answer.
    pub(crate) fn ask(&self, method: &str, path: &str) -> (u16, Value) {
        let (status, body) = self.fetch(method, path);
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// A request without a body; status and text of the answer.
    pub(crate) fn fetch(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.http.unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test-token\r\nConnection: close\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A line of the log that fits.
    pub(crate) fn log_line(&self, fits: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap();
            if fits(&line) {
                return line;
            }
        }
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn fetch_until(&self, path: &str, fits: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let (_, answer) = self.fetch("GET", path);
            if fits(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{path} stays {answer}");
            std::thread::yield_now();
        }
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn ask_until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let (_, answer) = self.ask("GET", path);
            if fits(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{path} stays {answer}");
            std::thread::yield_now();
        }
    }

    /// What a call of the carrier to this number is answered.
    pub(crate) fn status_of(&mut self, number: &str) -> u16 {
        self.invite(number).0
    }

    /// A call of the carrier to a number that answers.
    pub(crate) fn call(&mut self, number: &str) -> Call {
        let (status, to) = self.invite(number);
        assert_eq!(status, 200);
        Call { number: number.to_owned(), call: self.calls, to }
    }

    pub(crate) fn end(&self, call: &Call) {
        self.send("BYE", 2, &call.number, call.call, &call.to, "");
        assert_eq!(self.answer(call.call, "BYE").0, 200);
    }

    fn invite(&mut self, number: &str) -> (u16, String) {
        self.calls += 1;
        let call = self.calls;
        let to = format!("<sip:{number}@office.example>");
        let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.6.2\r\ns=-\r\nc=IN IP4 127.0.6.2\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n";
        self.send("INVITE", 1, number, call, &to, sdp);
        let (status, to) = self.answer(call, "INVITE");
        self.send("ACK", 1, number, call, &to, "");
        (status, to)
    }

    fn send(&self, method: &str, cseq: u32, number: &str, call: u32, to: &str, body: &str) {
        let (own, switch) = (self.carrier.local_addr().unwrap(), self.sip);
        let branch = if method == "ACK" { "INVITE" } else { method };
        let message = format!(
            "{method} sip:{number}@{switch} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{branch}{call}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+31201234567@{own}>;tag=a\r\nTo: {to}\r\nCall-ID: call-{call}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:{own}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.carrier.send_to(message.as_bytes(), switch).unwrap();
    }

    /// The final answer to a request, and its To.
    fn answer(&self, call: u32, method: &str) -> (u16, String) {
        loop {
            let mut answer = [0; 4096];
            let length = self.carrier.recv(&mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
            let Ok(status) = answer.split(' ').nth(1).unwrap().parse::<u16>() else { continue };
            let ours = answer.contains(&format!("Call-ID: call-{call}\r\n")) && answer.contains(method);
            if status >= 200 && ours {
                let to = answer.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
                return (status, to.to_owned());
            }
        }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        let _gone = self.program.kill();
        let _status = self.program.wait();
    }
}
