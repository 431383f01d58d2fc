//! The panic guard: no panic of Swarmlet crosses into another language.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
#[cfg(debug_assertions)]
use std::sync::OnceLock;

use crate::failure::{Failure, Result};

/// Runs `call`; a panic in it becomes an `internal` error with the text of the panic. A failure
/// that does not say what was being done, as that of a value, is one of this operation.
pub fn guarded<T>(operation: &'static str, call: impl FnOnce() -> Result<T>) -> Result<T> {
    let provoked = || {
        provoke(operation);
        call()
    };
    let result = catch_unwind(AssertUnwindSafe(provoked))
        .unwrap_or_else(|panic| Err(Failure::panicked(operation, panic_text(&*panic))));
    result.map_err(|failure| failure.during(operation))
}

/// As [`guarded`], for a future.
pub async fn within<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut call = pin!(async {
        provoke(operation);
        call.await
    });
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Err(Failure::panicked(operation, panic_text(&*panic))).into(),
        },
    )
    .await
    .map_err(|failure| failure.during(operation))
}

/// So that the tests of each language can see what becomes of a panic: builds for development panic
/// in the operations that the environment names. What is released does not look there.
#[cfg(debug_assertions)]
fn provoke(operation: &'static str) {
    static NAMED: OnceLock<String> = OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("SWARMLET_PANIC_IN").unwrap_or_default());
    let is_named = named.split(',').any(|name| name == operation);
    assert!(!is_named || operation.is_empty(), "provoked in {operation}");
}

#[cfg(not(debug_assertions))]
fn provoke(_operation: &'static str) {}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error_with_its_text() {
        let failure = guarded::<()>("publish", || panic!("index {} is gone", 7)).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Internal);
        assert!(failure.message.contains("index 7 is gone"), "{failure:?}");
        assert_eq!(failure.operation, "publish");
    }

    #[test]
    fn a_failure_names_the_operation_that_it_belongs_to() {
        let failed = |inner| guarded::<()>("publish", || Err(Failure::invalid(inner, "too deep")));
        let failure = failed("").unwrap_err();
        assert_eq!(failure.operation, "publish");
        assert_eq!(failure.message, "publish: too deep");
        assert_eq!(failed("query").unwrap_err().message, "query: too deep");
    }

    #[test]
    fn a_panic_in_a_future_becomes_an_error_too() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let failing = within::<()>("query", async { panic!("static") });
        let failure = runtime.block_on(failing).unwrap_err();
        assert!(failure.message.contains("static"));
    }
}
