//! Zenoh: two peers that connect directly; nothing is stored, nothing acknowledged.
//!
//! Its client is large, so it is built with the feature `peers` only.

#[cfg(feature = "peers")]
pub(crate) use built::{prepare, start, subscribe};
#[cfg(not(feature = "peers"))]
pub(crate) use missing::{prepare, start, subscribe};

#[cfg(feature = "peers")]
mod built {
    use std::time::Duration;

    use anyhow::{Context, Result, anyhow};
    use swarmlet_bench::server::free_address;
    use zenoh::handlers::FifoChannelHandler;
    use zenoh::pubsub::{Publisher as ZenohPublisher, Subscriber as ZenohSubscriber};
    use zenoh::qos::CongestionControl;
    use zenoh::sample::Sample;
    use zenoh::{Config, Session, Wait as _};

    use crate::peers::contract::{Publisher, Running, Subscriber};

    struct Sender {
        publisher: ZenohPublisher<'static>,
        _session: Session,
    }

    struct Receiver {
        subscriber: ZenohSubscriber<FifoChannelHandler<Sample>>,
        _session: Session,
    }

    pub(crate) fn prepare() -> Result<()> {
        Ok(())
    }

    pub(crate) fn start() -> Result<Running> {
        let address = format!("tcp/{}", free_address()?);
        let session = open("listen/endpoints", &address)?;
        let publisher = session
            .declare_publisher(KEY)
            .congestion_control(CongestionControl::Block)
            .wait()
            .map_err(|error| anyhow!(error))?;
        Ok(Running {
            name: "zenoh, NOT stored".to_owned(),
            address,
            publisher: Box::new(Sender {
                publisher,
                _session: session,
            }),
            _server: None,
        })
    }

    pub(crate) fn subscribe(address: &str) -> Result<Box<dyn Subscriber>> {
        let session = open("connect/endpoints", address)?;
        let subscriber = session.declare_subscriber(KEY).wait();
        Ok(Box::new(Receiver {
            subscriber: subscriber.map_err(|error| anyhow!(error))?,
            _session: session,
        }))
    }

    fn open(role: &str, address: &str) -> Result<Session> {
        let mut config = Config::default();
        let mut set = |key: &str, value: &str| {
            let set = config.insert_json5(key, value);
            set.map_err(|error| anyhow!("zenoh refuses {key}: {error}"))
        };
        set("scouting/multicast/enabled", "false")?;
        set("listen/endpoints", "[]")?;
        set(role, &format!("[\"{address}\"]"))?;
        zenoh::open(config).wait().map_err(|error| anyhow!(error))
    }

    impl Publisher for Sender {
        fn publish(&mut self, messages: &[Vec<u8>]) -> Result<()> {
            for message in messages {
                let put = self.publisher.put(message.as_slice()).wait();
                put.map_err(|error| anyhow!(error))?;
            }
            Ok(())
        }
    }

    impl Subscriber for Receiver {
        fn next(&mut self) -> Result<Vec<u8>> {
            let received = self.subscriber.recv_timeout(Duration::from_secs(30));
            let sample = received.map_err(|error| anyhow!(error))?;
            let sample = sample.context("nothing came for half a minute")?;
            Ok(sample.payload().to_bytes().into_owned())
        }
    }

    const KEY: &str = "bench";
}

#[cfg(not(feature = "peers"))]
mod missing {
    use anyhow::{Error, Result, anyhow};

    use crate::peers::contract::{Running, Subscriber};

    pub(crate) fn prepare() -> Result<()> {
        Err(missing())
    }

    pub(crate) fn start() -> Result<Running> {
        Err(missing())
    }

    pub(crate) fn subscribe(_address: &str) -> Result<Box<dyn Subscriber>> {
        Err(missing())
    }

    fn missing() -> Error {
        anyhow!("this program was built without zenoh; the feature `peers` builds it in")
    }
}
