//! Ctrl-C and requests to terminate, for as long as a command works.

use std::{
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::{Handle, Signals},
};

use crate::execution::Signal;

/// Ends the run that is going on at the first signal, and the program at once at a second one.
///
/// Signals are for somebody else, such as the web site, as soon as this is dropped.
pub struct Interrupts {
    heard: Arc<Heard>,
    handle: Option<Handle>,
}

#[derive(Default)]
struct Heard {
    asked: AtomicBool,
    run: Mutex<Option<Sender<Signal>>>,
}

impl Interrupts {
    /// Begins to listen.
    pub fn watch() -> Self {
        let heard = Arc::new(Heard::default());
        let mut signals = match Signals::new([SIGINT, SIGTERM]) {
            Ok(signals) => signals,
            Err(error) => {
                tracing::warn!("Ctrl-C will not wait for anything: {error}");
                return Self { heard, handle: None };
            }
        };
        let handle = Some(signals.handle());
        let told = Arc::clone(&heard);
        thread::spawn(move || signals.forever().for_each(|_| told.tell()));
        Self { heard, handle }
    }

    /// Names the run that a signal ends.
    pub fn connect(&self, run: Sender<Signal>) {
        *self.heard.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
    }

    /// Whether there was a signal.
    pub fn asked(&self) -> bool {
        self.heard.asked.load(Ordering::Acquire)
    }
}

impl Heard {
    fn tell(&self) {
        if self.asked.swap(true, Ordering::AcqRel) {
            process::exit(130);
        }
        if let Some(run) = &*self.run.lock().unwrap_or_else(PoisonError::into_inner) {
            // Between two runs nobody listens; whoever starts the next one asks first.
            let _ = run.send(Signal::Interrupt);
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.close();
        }
    }
}
