//! A number asks a program what to do with its caller.

use super::switch::{HTTP, Switch, USUAL};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, channel},
};

/// Answers each question with the next of these lists; what it was asked comes out.
fn program(lists: &'static [&'static str]) -> (SocketAddr, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.6.8:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (telling, asked) = channel();
    std::thread::spawn(move || {
        for (stream, list) in listener.incoming().zip(lists) {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut signature, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let Some((name, value)) = line.split_once(": ") else {
                    if line.trim().is_empty() { break } else { continue }
                };
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap(),
                    "warmline-signature" => signature = value.trim().to_owned(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            telling.send((signature, serde_json::from_slice(&body).unwrap())).unwrap();
            let body = format!("{{\"steps\":{list}}}");
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.get_mut().write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    (address, asked)
}

fn config(program: SocketAddr) -> String {
    format!(
        "{USUAL}{HTTP}[[flow]]\nname = \"menu\"\nurl = \"http://{program}/menu\"\nsecret = \"geheim\"\n\
         [[route]]\nmatch = \"9000\"\nto = \"flow:menu\"\nflow_timeout_s = 1\n"
    )
}

#[test]
fn a_caller_is_answered_and_put_into_a_room_as_the_program_says() {
    let (address, asked) = program(&[r#"[{"do":"answer"},{"do":"conference","name":"lobby"}]"#]);
    let mut switch = Switch::start(&config(address));
    let call = switch.call("9000");
    let (signature, question) = asked.recv().unwrap();
    assert!(signature.starts_with("t=") && signature.contains(",v1="), "{signature}");
    assert_eq!((&question["reason"], &question["flow"]), (&"started".into(), &"menu".into()));
    assert_eq!((&question["leg"]["dialled"], &question["leg"]["party"]["place"]), (&"9000".into(), &"carrier".into()));
    switch.ask_until("/v1/calls", |answer| answer["calls"][0]["room"] == "lobby");
    switch.end(&call);
}

#[test]
fn a_step_that_is_refused_is_told_and_an_empty_list_is_the_end() {
    let (address, asked) = program(&[r#"[{"do":"transfer","to":"4711"}]"#, "[]"]);
    let mut switch = Switch::start(&config(address));
    assert_eq!(switch.status_of("9000"), 486);
    assert_eq!(asked.recv().unwrap().1["reason"], "started");
    let (_, refused) = asked.recv().unwrap();
    assert_eq!((&refused["reason"], &refused["rule"]), (&"refused".into(), &"no-such-target".into()));
}

#[test]
fn a_program_that_is_not_there_leaves_the_caller_to_the_fallback() {
    let mut switch = Switch::start(&config("127.0.6.8:9".parse().unwrap()));
    assert_eq!(switch.status_of("9000"), 480);
}
