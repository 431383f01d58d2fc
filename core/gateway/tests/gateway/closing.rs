//! The end of a gateway.

use serde_json::json;
use swarmlet::ErrorKind;
use swarmlet_gateway::{Gateway, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Place, SOON};
use crate::http::Ask;

#[tokio::test]
async fn closing_ends_streams_without_a_proper_end_and_frees_the_port() {
    let place = Place::open().await;
    let (at, token) = (place.at(), place.token().await);
    let ask = Ask::new("POST", "/api/v2/events/subscribe").token(&token);
    let ask = ask.json(&json!({ "query": "FROM 'a'" }));
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(&ask.bytes(at)).await.unwrap();
    let mut answer = vec![0; 17];
    stream.read_exact(&mut answer).await.unwrap();

    tokio::time::timeout(SOON, place.gateway.close())
        .await
        .unwrap();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(!answer.ends_with(b"0\r\n\r\n"));
    assert!(place.node.offsets().is_ok());
    let settings = Settings::new().listen(at);
    let again = Gateway::bind(place.node.clone(), settings).await.unwrap();
    assert_eq!(again.local_addr(), at);
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_with_its_name() {
    let place = Place::open().await;
    let settings = Settings::new().listen(place.at());
    let error = Gateway::bind(place.node.clone(), settings)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(
        error.to_string().contains(&place.at().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn several_addresses_are_served() {
    let any = "127.0.0.1:0".parse().unwrap();
    let place = Place::open_with(Settings::new().listen(any)).await;
    let addresses = place.gateway.local_addrs().to_vec();
    assert_eq!(addresses.len(), 2);
    for at in addresses {
        assert_eq!(
            Ask::new("GET", "/api/v2/node/id").send(at).await.status,
            200
        );
    }
}
