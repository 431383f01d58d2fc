//! Large bytes, of the person's files, through a node that runs and without one.

use serde_json::{Value, json};

use crate::harness::Place;
use crate::swarm;

/// Bytes of no regularity, more than fit into all buffers in between.
fn film() -> Vec<u8> {
    let mut state = 7_u32;
    let byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(byte).take(3_000_001).collect()
}

fn check_put_and_get(place: &Place) {
    let film = film();
    std::fs::write(place.beside("film.mp4"), &film).unwrap();
    let words = [
        "blobs",
        "put",
        "film.mp4",
        "--type",
        "video/mp4",
        "-t",
        "press:7",
    ];
    let stored = place.row(&[&words[..], &["--hold", "copies=2"]].concat());
    let id = stored["blob"].as_str().unwrap();
    assert_eq!(
        (&stored["size"], &stored["name"]),
        (&json!(film.len()), &json!("film.mp4"))
    );
    place.print(&["blobs", "get", id, "copy.mp4"]);
    assert_eq!(std::fs::read(place.beside("copy.mp4")).unwrap(), film);
    let said = place
        .command(&["blobs", "get", "film.mp4"])
        .output()
        .unwrap();
    assert!(said.status.success() && said.stdout == film);
    let row = place.row(&["blobs", "ls"]);
    assert_eq!(
        (&row["here"], &row["hold"]),
        (&json!("all"), &json!({"copies": 2}))
    );
    assert_eq!(
        place.row(&["query", "FROM 'press:7'"])["payload"]["name"],
        "film.mp4"
    );
    place.print(&["blobs", "pin", id]);
    let stat = place.row(&["blobs", "stat", "film.mp4"]);
    assert_eq!(
        (&stat["isPinned"], &stat["blob"]),
        (&json!(true), &json!(id))
    );
    place.print(&["blobs", "unpin", id]);
    assert_eq!(place.row(&["blobs", "stat", id])["isPinned"], false);
    assert_eq!(place.row(&["blobs", "usage"])["blobs"], 1);
    assert_eq!(place.row(&["blobs", "rm", id])["otherRecords"], 0);
    assert!(place.rows(&["blobs", "ls"]).is_empty());
    let (code, error) = place.fail(&["blobs", "stat", "film.mp4"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
}

/// A folder with files in it and in a folder of its own; the sizes by path.
fn make_app(place: &Place) -> [(&'static str, Vec<u8>); 3] {
    let files = [
        ("empty", Vec::new()),
        ("index.html", b"<p>".to_vec()),
        ("js/film.js", film()),
    ];
    std::fs::create_dir_all(place.beside("app/js")).unwrap();
    for (path, bytes) in &files {
        std::fs::write(place.beside("app").join(path), bytes).unwrap();
    }
    files
}

fn check_folder(place: &Place) {
    let files = make_app(place);
    let stored = place.row(&["blobs", "put", "app/", "-t", "page", "--hold", "copies=2"]);
    let id = stored["blob"].as_str().unwrap();
    assert_eq!(
        (&stored["name"], &stored["type"]),
        (&json!("app"), &json!("application/vnd.swarmlet.collection"))
    );
    // One record is shown, and one is there of each file.
    assert_eq!(place.row(&["blobs", "ls"])["blob"], id);
    assert_eq!(place.rows(&["query", "FROM 'blob' & 'page'"]).len(), 4);
    let listed = place.rows(&["blobs", "ls", "app"]);
    let sizes = listed
        .iter()
        .map(|row| (row["path"].as_str().unwrap(), &row["size"]));
    let wanted = files
        .iter()
        .map(|(path, bytes)| (*path, json!(bytes.len())));
    assert!(
        sizes.eq(wanted
            .collect::<Vec<_>>()
            .iter()
            .map(|(path, size)| (*path, size)))
    );
    assert!(listed.iter().all(|row| row["here"] == "all"));
    let stat = place.row(&["blobs", "stat", id]);
    assert_eq!(
        (&stat["files"], &stat["fileBytes"]),
        (&json!(3), &json!(3_000_004))
    );
    let saved = place.row(&["blobs", "get", "app", "copy"]);
    assert_eq!(
        (&saved["written"], &saved["unchanged"]),
        (&json!(3), &json!(0))
    );
    let copy = place.beside("copy");
    for (path, bytes) in &files {
        assert_eq!(std::fs::read(copy.join(path)).unwrap(), *bytes, "{path}");
    }
    // What is there already stays, also what is nobody's; what has other bytes is replaced.
    std::fs::write(copy.join("index.html"), "<b>").unwrap();
    std::fs::write(copy.join("own"), "own").unwrap();
    let saved = place.row(&["blobs", "get", id, "copy"]);
    assert_eq!(
        (&saved["written"], &saved["unchanged"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(std::fs::read(copy.join("index.html")).unwrap(), b"<p>");
    assert!(copy.join("own").exists());
    let (code, error) = place.fail(&["blobs", "get", id]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
    place.print(&["blobs", "rm", "app"]);
    assert!(place.rows(&["blobs", "ls"]).is_empty());
}

#[test]
fn a_folder_goes_in_and_comes_out_where_no_node_runs() {
    check_folder(&Place::new());
}

#[test]
fn a_folder_goes_in_and_comes_out_through_a_node_that_runs() {
    let place = Place::new();
    let node = place.run();
    check_folder(&place);
    node.stop();
}

#[test]
fn a_folder_that_cannot_be_stored_leaves_nothing_and_a_file_is_none() {
    let place = Place::new();
    let node = place.run();
    make_app(&place);
    std::os::unix::fs::symlink("index.html", place.beside("app/link")).unwrap();
    let (code, error) = place.fail(&["blobs", "put", "app"]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
    assert!(
        error["message"].as_str().unwrap().contains("app/link"),
        "{error}"
    );
    std::fs::remove_file(place.beside("app/link")).unwrap();
    let refused = [
        &["blobs", "put", "app", "--type", "text/html"][..],
        // It says so when some files have come.
        &["blobs", "put", "app", "--name", "a/b"],
    ];
    for words in refused {
        let (code, error) = place.fail(words);
        assert_eq!(
            (code, &error["kind"]),
            (2, &json!("invalid_argument")),
            "{words:?}"
        );
    }
    let blobs = std::fs::read_dir(place.path().join("blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
    place.print(&["blobs", "put", "app/index.html", "--name", "page"]);
    for words in [
        &["blobs", "ls", "page"][..],
        &["blobs", "get", "page", "app"],
    ] {
        let (code, error) = place.fail(words);
        assert_eq!(
            (code, &error["kind"]),
            (2, &json!("invalid_argument")),
            "{words:?}"
        );
    }
    node.stop();
}

#[test]
fn what_is_only_said_to_be_a_folder_is_a_file() {
    let place = Place::new();
    let kind = "application/vnd.swarmlet.collection";
    let words = ["blobs", "put", "-", "--name", "note", "--type", kind];
    place.feed(&words, b"no list").done(&words);
    assert_eq!(place.print(&["blobs", "get", "note"]), "no list");
    let (code, error) = place.fail(&["blobs", "ls", "note"]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
}

#[test]
fn files_go_in_and_come_out_where_no_node_runs() {
    check_put_and_get(&Place::new());
}

#[test]
fn files_go_in_and_come_out_through_a_node_that_runs() {
    let place = Place::new();
    let node = place.run();
    check_put_and_get(&place);
    node.stop();
}

#[test]
fn bytes_come_from_the_standard_input_and_the_newest_of_a_name_is_meant() {
    let place = Place::new();
    for bytes in ["old", "new"] {
        let said = place.feed(&["blobs", "put", "-", "--name", "note"], bytes.as_bytes());
        said.done(&["put"]);
    }
    assert_eq!(place.print(&["blobs", "get", "note"]), "new");
    place.print(&["blobs", "rm", "note"]);
    assert_eq!(place.print(&["blobs", "get", "note"]), "old");
}

#[test]
fn what_fails_leaves_nothing_and_says_what_to_do() {
    let place = Place::new();
    let node = place.run();
    let nobody = "0".repeat(64);
    let (code, error) = place.fail(&["blobs", "get", &nobody, "copy"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
    assert!(!place.beside("copy").exists());
    let (code, error) = place.fail(&["blobs", "put", "nothing"]);
    assert_eq!((code, &error["kind"]), (2, &json!("not_found")));
    // The node says no before it has read all of it.
    std::fs::write(place.beside("file"), film()).unwrap();
    let (code, error) = place.fail(&["blobs", "put", "file", "--name", "a/b"]);
    assert_eq!((code, &error["kind"]), (2, &json!("invalid_argument")));
    let left = std::fs::read_dir(place.beside("")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    node.stop();
}

#[test]
fn a_put_that_is_cut_off_leaves_nothing_in_the_node() {
    use std::io::Write as _;

    let place = Place::new();
    let node = place.run();
    let mut command = place.command(&["blobs", "put", "-"]);
    command.stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&film()).unwrap();
    let blobs = place.path().join("blobs");
    let count = || std::fs::read_dir(&blobs).unwrap().count();
    let until = |wanted| {
        let begun = std::time::Instant::now();
        while count() != wanted {
            assert!(begun.elapsed() < crate::harness::SOON, "{}", count());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    until(1);
    child.kill().unwrap();
    child.wait().unwrap();
    until(0);
    drop(stdin);
    assert!(place.rows(&["blobs", "ls"]).is_empty());
    node.stop();
}

#[test]
fn a_blob_is_fetched_from_the_other_device() {
    let [(first, _one), (second, _two)] = swarm::two();
    let film = film();
    std::fs::write(first.beside("film.mp4"), &film).unwrap();
    let words = ["blobs", "put", "film.mp4", "--hold", "on-demand"];
    let stored = first.row(&words);
    second.until(&["blobs", "ls"], |rows: &[Value]| rows.len() == 1);
    assert_eq!(second.row(&["blobs", "ls"])["here"], "nothing");
    let id = stored["blob"].as_str().unwrap();
    second.print(&["blobs", "get", id, "copy.mp4", "--within", "30s"]);
    assert_eq!(std::fs::read(second.beside("copy.mp4")).unwrap(), film);
    make_app(&first);
    first.print(&["blobs", "put", "app", "--hold", "on-demand"]);
    second.until(&["blobs", "ls"], |rows: &[Value]| rows.len() == 2);
    second.print(&["blobs", "get", "app", "installed", "--within", "30s"]);
    let installed = std::fs::read(second.beside("installed/js/film.js"));
    assert_eq!(installed.unwrap(), film);
    let nobody = "0".repeat(64);
    let (code, error) = second.fail(&["blobs", "get", &nobody, "--within", "50ms"]);
    assert_eq!((code, &error["kind"]), (3, &json!("timeout")));
    let (code, error) = second.fail(&["blobs", "rm", id]);
    assert_eq!((code, &error["kind"]), (5, &json!("permission_denied")));
}

#[test]
fn a_get_that_is_interrupted_leaves_no_half_of_a_file() {
    let (place, node) = swarm::node();
    place.print(&["swarm", "create", "plant"]);
    let nobody = "0".repeat(64);
    let get = place.start(&["blobs", "get", &nobody, "copy"]);
    let files = || std::fs::read_dir(place.beside("")).unwrap().count();
    let until = |wanted| {
        let begun = std::time::Instant::now();
        while files() != wanted {
            assert!(begun.elapsed() < crate::harness::SOON, "{}", files());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    until(2);
    get.signal(rustix::process::Signal::INT);
    let (status, err) = get.wait();
    assert_eq!(status.code(), Some(130), "{err}");
    assert_eq!(files(), 1);
    node.stop();
}
