//! The node that runs: starting, stopping, who may talk to it, and what it tells others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Place, Running, fetch, is_root};

#[test]
fn a_folder_that_was_misspelt_does_not_become_a_device() {
    let place = Place::new();
    for words in [&["status"][..], &["query"]] {
        let (code, error) = place.fail(words);
        assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
        assert!(
            error["advice"]
                .as_str()
                .unwrap()
                .contains("SWARMLET_FOLDER")
        );
    }
    assert!(!place.path().exists());
}

#[test]
fn it_closes_cleanly_on_both_signals_and_takes_its_socket_with_it() {
    let place = Place::new();
    for signal in [Signal::TERM, Signal::INT] {
        let node = place.run();
        let socket = place.path().join("command.sock");
        let mode = socket.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(place.row(&["status"])["isRunning"], true);
        node.signal(signal);
        let (status, err) = node.wait();
        assert!(status.success(), "{err}");
        assert!(!socket.exists());
        assert_eq!(place.row(&["status"])["isRunning"], false);
    }
}

#[test]
fn a_signal_that_comes_while_it_opens_closes_it_as_well() {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let place = Place::new();
    place.print(&["publish", "1"]);
    // It opens only when somebody has written the settings into this.
    let settings = place.path().join("settings.json");
    mknodat(CWD, &settings, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let node = place.start(&["run"]);
    let begun = std::time::Instant::now();
    let mut pipe = loop {
        let mut options = std::fs::File::options();
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        match options
            .write(true)
            .custom_flags(nonblocking)
            .open(&settings)
        {
            Ok(pipe) => break pipe,
            Err(error) => assert!(begun.elapsed() < crate::harness::SOON, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    node.signal(Signal::TERM);
    pipe.write_all(br#"{"gateway": {"enabled": false}}"#)
        .unwrap();
    drop(pipe);
    let (status, err) = node.wait();
    assert!(
        status.success() && err.contains("closed"),
        "{status}: {err}"
    );
    std::fs::remove_file(settings).unwrap();
    assert_eq!(place.rows(&["query"]).len(), 1);
}

#[test]
fn a_command_that_finds_no_room_is_told_so_soon() {
    let place = Place::new();
    let node = place.run_logging("error");
    let socket = place.path().join("command.sock");
    // Who says nothing takes room as well, for some seconds.
    let silent = || UnixStream::connect(&socket).unwrap();
    let others: Vec<UnixStream> = std::iter::repeat_with(silent).take(64).collect();
    let (code, error) = place.fail(&["status"]);
    assert_eq!((code, &error["kind"]), (3, &json!("overloaded")));
    assert!(error["advice"].as_str().unwrap().contains("subscribe"));
    drop(others);
    assert_eq!(place.row(&["status"])["isRunning"], true);
    node.stop();
}

/// A subscription as the command asks for it: a letter, a length, and JSON.
fn subscribe_by_hand(socket: &std::path::Path) -> UnixStream {
    let query = json!({
        "app": null, "aql": "FROM 'a'", "parameters": {}, "order": "asc", "follow": true,
    });
    let subscribe = json!({ "query": query, "from": "start", "wanted": "all" });
    let opening = json!({
        "release": env!("CARGO_PKG_VERSION"),
        "request": { "subscribe": subscribe },
    });
    let body = opening.to_string();
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(b"Q").unwrap();
    let len = u32::try_from(body.len()).unwrap();
    stream.write_all(&len.to_le_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

/// The letter of the first frame that comes.
fn first_answer(stream: &mut UnixStream) -> u8 {
    let mut letter = [0];
    stream.read_exact(&mut letter).unwrap();
    letter[0]
}

#[test]
fn however_many_go_on_there_is_a_turn_for_one_that_comes_and_goes() {
    let place = Place::new();
    let node = place.run_logging("error");
    let socket = place.path().join("command.sock");
    let mut lasting: Vec<UnixStream> = (0..48).map(|_| subscribe_by_hand(&socket)).collect();
    // That it has caught up is a row.
    let answers: Vec<u8> = lasting.iter_mut().map(first_answer).collect();
    assert_eq!(answers, [b'R'; 48]);
    assert_eq!(place.row(&["status"])["isRunning"], true);
    let (code, error) = place.fail(&["subscribe", "FROM 'a'"]);
    assert_eq!((code, &error["kind"]), (3, &json!("overloaded")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("48 commands that go on"), "{message}");
    // Who goes makes room.
    lasting.pop();
    let mut further = subscribe_by_hand(&socket);
    assert_eq!(first_answer(&mut further), b'R');
    node.stop();
}

#[test]
fn after_a_kill_the_socket_that_is_left_is_in_nobodys_way() {
    let place = Place::new();
    let node = place.run();
    place.print(&["publish", "1"]);
    node.signal(Signal::KILL);
    node.wait();
    assert!(place.path().join("command.sock").exists());
    assert_eq!(place.rows(&["query"]).len(), 1);
    let node = place.run();
    assert_eq!(place.rows(&["query"]).len(), 1);
    node.stop();
}

#[test]
fn a_second_node_on_a_folder_is_refused() {
    let place = Place::new();
    let _node = place.run();
    let (code, error) = place.fail(&["run"]);
    assert_eq!((code, &error["kind"]), (3, &json!("locked")));
}

#[test]
fn a_command_waits_for_a_node_that_is_starting_and_for_other_commands() {
    let place = Place::new();
    place.print(&["publish", "0"]);
    let publish = |number: &str| place.start(&["publish", number]);
    let all: Vec<Running> = ["1", "2", "3", "4"].map(publish).into();
    let node = place.run();
    for one in all {
        let (status, err) = one.wait();
        assert!(status.success(), "{err}");
    }
    assert_eq!(place.rows(&["query"]).len(), 5);
    node.stop();
}

#[test]
fn a_folder_with_a_long_path_has_a_socket_as_well() {
    let place = Place::new();
    let long = place.path().join("x".repeat(120));
    let long = long.to_str().unwrap();
    let mut node = place.start(&["run", "-C", long]);
    assert!(node.line().ends_with(" runs"));
    let status = place.row(&["status", "-C", long]);
    assert_eq!(
        (&status["isRunning"], &status["folder"]),
        (&json!(true), &json!(long))
    );
    node.stop();
}

#[test]
fn systemd_is_told_when_it_runs_and_when_it_stops() {
    let place = Place::new();
    let path = place.beside("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(crate::harness::SOON)).unwrap();
    let mut command = place.command(&["run"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let node = Running::of(&mut command);
    let told = || {
        let mut bytes = [0; 100];
        let len = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..len]).trim().to_owned()
    };
    assert_eq!(told(), "READY=1");
    assert_eq!(told(), "WATCHDOG=1");
    assert_eq!(told(), "WATCHDOG=1");
    node.signal(Signal::TERM);
    while told() != "STOPPING=1" {}
    assert!(node.wait().0.success());
}

#[test]
fn what_is_not_understood_ends_a_conversation_and_nothing_else() {
    use std::io::{Read as _, Write as _};

    let place = Place::new();
    let node = place.run();
    let socket = place.path().join("command.sock");
    let talk = |sent: &[u8]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(crate::harness::SOON)).unwrap();
        stream.write_all(sent).unwrap();
        let mut answer = Vec::new();
        // It may be reset, as not all was read.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(talk(b"GET / HTTP/1.1\r\n\r\n"), "");
    assert_eq!(talk(b"Q\xff\xff\xff\xff"), "");
    assert_eq!(talk(b"E\0\0\0\0"), "");
    assert!(talk(b"Q\x02\0\0\0{}").contains("invalid_argument"));
    let other = br#"{"release":"99.0.0","request":{"dance":{}}}"#;
    let mut frame = vec![b'Q', other.len() as u8, 0, 0, 0];
    frame.extend(other);
    assert!(talk(&frame).contains("incompatible"));
    assert_eq!(place.row(&["status"])["isRunning"], true);
    node.stop();
}

#[test]
fn who_connects_and_says_nothing_keeps_nobody_from_stopping_it() {
    let place = Place::new();
    let node = place.run();
    let socket = place.path().join("command.sock");
    let silent: Vec<_> = (0..3)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(place.row(&["status"])["isRunning"], true);
    node.stop();
    drop(silent);
}

/// The first frame of a command that does not end by itself.
fn follow() -> Vec<u8> {
    let query = json!({"aql": "FROM allEvents", "parameters": {}, "order": "asc", "follow": true});
    let release = env!("CARGO_PKG_VERSION");
    let opening = json!({"release": release, "request": {"query": query}}).to_string();
    let mut frame = vec![b'Q'];
    frame.extend((opening.len() as u32).to_le_bytes());
    frame.extend(opening.as_bytes());
    frame
}

#[test]
fn who_comes_when_all_turns_are_taken_waits_until_somebody_goes() {
    use std::io::{Read as _, Write as _};

    let place = Place::new();
    let node = place.run();
    place.print(&["publish", "1"]);
    let socket = place.path().join("command.sock");
    let begin = || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(crate::harness::SOON)).unwrap();
        stream.write_all(&follow()).unwrap();
        stream
    };
    let mut first = begin();
    first.read_exact(&mut [0; 1]).unwrap();
    let mut others: Vec<UnixStream> = (1..64).map(|_| begin()).collect();
    for other in &mut others {
        other.read_exact(&mut [0; 1]).unwrap();
    }
    let mut one_more = begin();
    let patience = Some(Duration::from_millis(200));
    one_more.set_read_timeout(patience).unwrap();
    assert!(one_more.read_exact(&mut [0; 1]).is_err());
    drop(one_more);
    let status = place.start(&["status", "--json"]);
    drop(first);
    let (code, err) = status.wait();
    assert!(code.success(), "{err}");
    drop(others);
    node.stop();
}

#[test]
fn root_does_not_open_the_folder_of_another_user() {
    use rustix::fs::{Gid, Uid, chown};

    if !is_root("giving a folder away") {
        return;
    }
    let place = Place::new();
    place.print(&["publish", "1"]);
    chown(place.path(), Some(Uid::from_raw(65_534)), None::<Gid>).unwrap();
    for words in [&["query"][..], &["run"]] {
        let (code, error) = place.fail(words);
        assert_eq!((code, &error["kind"]), (5, &json!("permission_denied")));
        assert!(
            error["advice"].as_str().unwrap().contains("sudo"),
            "{error}"
        );
    }
}

#[test]
fn another_user_gets_no_answer_even_where_the_socket_could_be_reached() {
    use std::os::unix::process::CommandExt as _;

    if !is_root("being somebody else") {
        return;
    }
    let place = Place::new();
    let mut node = place.run();
    let opened = |path: &std::path::Path, mode| {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, open).unwrap();
    };
    // The program may lie where nobody else can go.
    let program = place.beside("swarmlet");
    std::fs::copy(env!("CARGO_BIN_EXE_swarmlet"), &program).unwrap();
    opened(&place.beside(""), 0o755);
    opened(place.path(), 0o755);
    opened(&place.path().join("command.sock"), 0o777);
    let mut command = std::process::Command::new(program);
    command.args(["status", "--json", "-C"]).arg(place.path());
    command.uid(65_534).gid(65_534);
    let said = crate::harness::Said::of(&mut command);
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.err.contains("permission_denied"), "{said:?}");
    assert_eq!(place.row(&["status"])["isRunning"], true);
    let complaints = node.complaints();
    assert!(
        complaints.contains("another user was refused"),
        "{complaints}"
    );
    node.stop();
}

#[test]
fn a_node_says_in_one_row_that_it_runs_and_where_apps_find_it() {
    let place = Place::new();
    place.print(&["settings", "set", "gateway.listen", r#"["127.0.0.1:0"]"#]);
    let mut node = place.start(&["run", "--log", "warn", "--json"]);
    let row: serde_json::Value = serde_json::from_str(&node.line()).unwrap();
    assert_eq!(row["node"], place.row(&["status"])["node"]);
    assert_eq!(row["hasPage"], true);
    let address = row["gateway"][0].as_str().unwrap();
    let answer = fetch(address.strip_prefix("http://").unwrap(), "/healthz", None);
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    node.stop();
}

#[test]
fn apps_find_the_node_by_http_where_the_settings_say() {
    let place = Place::new();
    place.print(&["settings", "set", "gateway.listen", r#"["127.0.0.1:0"]"#]);
    let mut node = place.start(&["run", "--log", "warn"]);
    assert!(node.line().ends_with(" runs"));
    let line = node.line();
    let address = line.strip_prefix("apps find it at http://").unwrap();
    let answer = fetch(address, "/api/v2/node/id", None);
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    assert_eq!(
        place.row(&["status"])["node"],
        answer.lines().last().unwrap()
    );
    // Another node that is to be there is refused, one that need not be runs without.
    let other = Place::new();
    let taken = format!("[\"{address}\"]");
    other.print(&["settings", "set", "gateway.listen", &taken]);
    let (code, error) = other.fail(&["run"]);
    assert_eq!((code, &error["kind"]), (3, &json!("network")), "{error}");
    node.stop();
    assert!(TcpStream::connect(address).is_err());
}
