//! A switch with its API on free ports, and a client.

use reqwest::{Method, Response, header::HeaderMap};
use serde_json::Value;
use std::{
    net::{SocketAddr, UdpSocket},
    time::Duration,
};
use tokio::runtime::Runtime;
use warmline::{
    api::{Api, Tools},
    config::Config,
    control::Front,
    server::Server,
};

/// Enough for anything that happens on one machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A switch that lets 127.0.0.1 call without a password, with an administrator, a reader and rooms.
pub(crate) struct House {
    pub(crate) runtime: Runtime,
    pub(crate) client: reqwest::Client,
    pub(crate) api: SocketAddr,
    sip: SocketAddr,
    scheme: &'static str,
    front: Option<Box<Api>>,
    server: Option<Server>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl House {
    /// `http` is more of the configuration: what stands in `[http]`, and sections behind it.
    pub(crate) fn open(http: &str) -> Self {
        let config = config(http, ("", ""));
        let server = Server::start(config.server).unwrap();
        let front = Api::start(config.api.unwrap(), server.desk(), server.hub(), Tools::default()).unwrap();
        let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).tls_info(true).timeout(PATIENCE);
        Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            client: client.build().unwrap(),
            api: front.address(),
            sip: server.address(),
            scheme: if http.contains("http.tls") { "https" } else { "http" },
            front: Some(Box::new(front)),
            server: Some(server),
        }
    }

    /// It goes over to these settings, with one piece of them replaced.
    pub(crate) fn renew(&self, http: &str, replaced: (&str, &str)) {
        self.front.as_ref().unwrap().handle().renew(&config(http, replaced).api.unwrap());
    }

    /// A request of the administrator.
    pub(crate) fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        self.send(method, path, &[("authorization", "Bearer admin-token"), ("content-type", "application/json")], body)
    }

    /// A request with these headers.
    pub(crate) fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.runtime.block_on(async {
            let mut request = self.client.request(method, self.url(path)).body(body.to_owned());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            read(request.send().await.unwrap()).await
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.api)
    }

    /// No new calls from now on.
    pub(crate) fn drain(&self) {
        self.server.as_ref().unwrap().drain();
    }

    /// The files of the certificate are read again.
    pub(crate) fn reload(&self) {
        self.front.as_deref().unwrap().reload();
    }

    /// Somebody calls a room, and is in it, and everybody has been told so, when this returns.
    pub(crate) fn calls(&self, number: &str) {
        let before = self.ask(Method::GET, "/v1/events", "").body["sequence"].clone();
        self.invite(number);
        let told = self.ask(Method::GET, &format!("/v1/events?since={before}&types=leg.answered&wait_s=20"), "");
        assert_eq!(told.body["events"][0]["type"], "leg.answered");
    }

    fn invite(&self, number: &str) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (from, to) = (socket.local_addr().unwrap(), self.sip);
        let call_id = format!("{number}-{}", from.port());
        let sdp =
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
        let head = |method: &str, cseq: &str, tag: &str, length: usize| {
            format!(
                "{method} sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call_id}{cseq}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:4930123@{from}>;tag=a\r\nTo: <sip:{number}@{to}>{tag}\r\n\
                 Call-ID: {call_id}\r\nCSeq: 1 {method}\r\nContact: <sip:a@{from}>\r\n\
                 Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        socket.send_to(format!("{}{sdp}", head("INVITE", "1", "", sdp.len())).as_bytes(), to).unwrap();
        let mut datagram = [0; 4096];
        loop {
            let length = socket.recv(&mut datagram).unwrap();
            let answer = std::str::from_utf8(&datagram[..length]).unwrap();
            if answer.starts_with("SIP/2.0 200") {
                let tag = answer.lines().find_map(|line| line.strip_prefix("To: ")?.rsplit_once(";tag=")).unwrap().1;
                socket.send_to(head("ACK", "2", &format!(";tag={tag}"), 0).as_bytes(), to).unwrap();
                return;
            }
            assert!(answer.starts_with("SIP/2.0 1"), "{answer}");
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(front) = self.front.take() {
            front.stop();
        }
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

impl Answer {
    /// Status, rule and field of a problem.
    pub(crate) fn problem(&self) -> (u16, &str, &str) {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], self.status, "{:?}", self.body);
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        (self.status, text("rule"), text("field"))
    }
}

async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

fn config(http: &str, replaced: (&str, &str)) -> Config {
    let text = format!(
        "[sip]\nlisten = [\"udp://127.0.0.1:0\"]\nstate_directory = \"\"\n\
         [[extension]]\nnumber = \"1001\"\npassword = \"pw1001\"\n\
         [[trunk]]\nname = \"loop\"\nhost = \"127.0.0.1:9\"\naccept_from = [\"127.0.0.1\"]\n\
         [[route]]\nmatch = \"7XXX\"\nto = \"conference:{{number}}\"\n\
         [[http.token]]\nname = \"admin\"\ntoken = \"admin-token\"\nscopes = [\"admin\"]\n\
         [[http.token]]\nname = \"wall\"\ntoken = \"wall-token\"\nscopes = [\"read\"]\n\
         [http]\nlisten = \"127.0.0.1:0\"\n{http}\n"
    );
    let text = if replaced.0.is_empty() { text } else { text.replace(replaced.0, replaced.1) };
    Config::parse(&text, "test.toml", |_| None).unwrap()
}
