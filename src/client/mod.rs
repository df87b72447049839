//! The thread-safe client: a session, its transport, one lock, and one reading thread at a time.
//!
//! There is no background thread. Of the threads that wait for an answer one leads: it polls the connection
//! and reads for all. The others wait in `poll` as well, each on a wake descriptor of its own, so that a
//! signal or a cancel reaches every one of them. When the leader's own request is done, another takes over.
//! The lock is never held while anything waits.

#![forbid(unsafe_code)]

mod caller;
mod cancel;
mod carrying;
mod config;
mod core;
mod credentials;
mod fitting;
mod handlers;
mod reconnecting;
mod spare;
mod stepping;
mod streaming;
mod sync;
mod waiting;
mod watching;

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use self::caller::caller;
use self::cancel::Cancel;
pub use self::carrying::{Carried, Carrier, Carry};
pub use self::config::{Ca, Config, Identity, Proxy, Target, Timeouts, Tls, pins};
use self::core::Core;
pub use self::credentials::Credentials;
pub use self::handlers::{Handle, Log};
pub use self::streaming::Body;
use self::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use self::sync::{Mutex, MutexGuard};
pub use self::waiting::Goal;
use crate::commands::{Opening, Unauthenticate};
use crate::error::{Error, Result, imap_status::*};
use crate::model::{Connection, Event, Owned, Selected, imap_connection, imap_state, try_box};
pub use crate::net::rest_of_file;
use crate::net::{self, Descriptors, Layer, Lent, Link};
use crate::sasl::Secret;
use crate::session::{Command, InFlight, RequestId, Session, Settings, quote};

pub struct Client {
    core: Mutex<Core>,
    cancel: Cancel,
    /// Requests to be cancelled by whoever has the lock next.
    cancelled: Mutex<Vec<RequestId>>,
    /// There are some: who has the lock need not take that one too in order to look.
    has_cancelled: AtomicBool,
    is_poisoned: AtomicBool,
    /// What happens before the caller's first command.
    opening: Vec<RequestId>,
    config: Config,
    /// Functions of the caller's that carry the bytes; they go with the client.
    functions: Option<Arc<dyn Carry>>,
    /// For connecting anew, if the options allow it.
    credentials: Mutex<Option<Credentials>>,
    /// Mailboxes that are watched.
    watched: Mutex<Vec<String>>,
    process: u32,
}

impl Client {
    /// Begins to connect. Never waits.
    pub fn start(mut config: Config) -> Result<Arc<Client>> {
        let now = Instant::now();
        let [a, b, c, d, e, f, ..] = nonce()?;
        if !matches!(config.carrier, Carrier::Network) {
            // Where it leads only the caller knows.
            config.settings = Arc::new(Settings { port: None, ..(*config.settings).clone() });
        }
        let mut session = Session::new(config.settings.clone(), [a, b, c, d, e, f], now);
        let mut commands: Vec<Box<dyn InFlight>> = vec![try_box(Opening::new(config.starttls.is_some()))?];
        let (login, log) = (config.login.take(), config.log.take());
        if let Some(credentials) = &login {
            commands.push(try_box(credentials.command()?)?);
        }
        commands.extend(config.after_login(&[])?);
        let opening = session.open(commands, caller())?;
        let over = |layer: Box<dyn Layer>| Link::over(layer, config.target.clone(), config.timeouts, now);
        let link = match &config.carrier {
            Carrier::Network => Link::open(config.target.clone(), config.timeouts, now)?,
            Carrier::Descriptors(read, write) => over(try_box(Descriptors::new(*read, *write)?)?)?,
            Carrier::Functions(_) => over(try_box(Lent::default())?)?,
        };
        let functions = match &config.carrier {
            Carrier::Functions(functions) => Some(functions.clone()),
            _ => None,
        };
        let client = Arc::new(Client {
            core: Mutex::new(Core::new(session, link, config.starttls.clone(), config.timeouts)),
            cancel: Cancel::new(),
            cancelled: Mutex::new(Vec::new()),
            has_cancelled: AtomicBool::new(false),
            is_poisoned: AtomicBool::new(false),
            opening,
            credentials: Mutex::new(login.filter(|_| config.settings.is_kept)),
            watched: Mutex::new(Vec::new()),
            process: net::process_id(),
            functions,
            config,
        });
        if log.is_some() {
            client.set_log(&mut client.lock(), log);
        }
        Ok(client)
    }

    /// Waits until connected, TLS verified, the greeting read, logged in if that was asked for.
    pub fn finish_opening(&self) -> Result<()> {
        self.opening.iter().try_for_each(|id| self.done(*id))?;
        // Whoever waited for it need not be told.
        self.lock().session.connection_known();
        Ok(())
    }

    /// Waits until a request of our own has succeeded.
    fn done(&self, id: RequestId) -> Result<()> {
        let done = self.wait(Goal::Done(id), None).and_then(|()| self.result(id));
        self.forget(id);
        done
    }

    /// Logs in, and does what the options ask for after that.
    pub fn login(&self, credentials: Credentials) -> Result<()> {
        self.run(credentials.command()?)?;
        if self.config.settings.is_kept {
            *self.credentials.lock() = Some(credentials);
        }
        for command in self.config.after_login(&[])? {
            let id = self.submit(command)?;
            self.done(id)?;
        }
        Ok(())
    }

    /// Back to before the login; nothing is kept of it.
    pub fn unauthenticate(&self) -> Result<()> {
        self.run(Unauthenticate::default())?;
        *self.credentials.lock() = None;
        self.watched.lock().clear();
        Ok(())
    }

    /// What the server asks in a dialogue, decoded; None: it asks no more, and has said OK.
    pub fn challenge(&self, id: RequestId) -> Result<Option<Secret>> {
        loop {
            self.check()?;
            let mut core = self.lock();
            core.session.set_answering(id, caller());
            if let Some(asked) = core.session.challenge(id) {
                return Secret::new(asked).map(Some);
            }
            if core.session.is_done(id) {
                return streaming::ended(&core, id).map(|()| None);
            }
            drop(core);
            self.wait(Goal::Challenge(id), None)?;
        }
    }

    /// Answers what it asks. Never waits.
    pub fn respond(&self, id: RequestId, answer: &[u8]) -> Result<()> {
        let mut core = self.lock();
        core.session.set_time(Instant::now());
        core.session.respond(id, answer)?;
        if core.flush_submitted(Instant::now()) {
            self.pass_on(&mut core);
        }
        Ok(())
    }

    /// Takes over timeouts, limits and log; all else stays.
    pub fn configure(&self, config: Config) -> Result<()> {
        self.check()?;
        let mut core = self.lock();
        self.set_log(&mut core, config.log);
        core.timeouts = config.timeouts;
        core.session.set_time(Instant::now());
        core.session.configure(&config.settings);
        self.look_again(&core);
        Ok(())
    }

    pub fn is_of_this_process(&self) -> bool {
        net::process_id() == self.process
    }

    /// Error if this client cannot be used from here: another process made it, or a fault was found in it.
    pub fn check(&self) -> Result<()> {
        if !self.is_of_this_process() {
            let message = "the client belongs to the parent process: connect anew in this one";
            return Err(Error::fatal(IMAP_ERR_FORKED, message));
        }
        if self.is_poisoned.load(Relaxed) {
            let message = "a fault was found in libimap: this client can only be freed";
            return Err(Error::fatal(IMAP_ERR_INTERNAL, message));
        }
        Ok(())
    }

    /// After a panic nothing is known of the client's state: every call on it ends with `fault`.
    pub fn poison(&self, fault: Error) {
        self.is_poisoned.store(true, Relaxed);
        let mut core = self.core.lock();
        core.has_leader = false;
        core.fail(fault);
        core.wake_all();
    }

    /// Sends a command and waits for what it returns.
    pub fn run<C: Command>(&self, command: C) -> Result<C::Output> {
        self.check()?;
        let command = try_box(command)?;
        let mut core = self.lock();
        core.make_way(caller())?;
        let id = self.submit_within(&mut core, command, false)?;
        let waited = self.wait_within(&mut core, Goal::Done(id), None);
        let taken = waited.and_then(|()| core.take(id));
        if taken.is_err() {
            self.forget_within(&mut core, id);
        }
        taken
    }

    /// Error, before anything is sent, if this thread cannot wait: it is inside a callback, or would wait for its own
    /// unread stream.
    pub fn make_way(&self) -> Result<()> {
        self.lock().make_way(caller())
    }

    /// Sends a command, or queues it if others must come first. Never waits.
    pub fn submit(&self, command: Box<dyn InFlight>) -> Result<RequestId> {
        self.submit_as(command, false)
    }

    fn submit_as(&self, command: Box<dyn InFlight>, is_stream: bool) -> Result<RequestId> {
        self.check()?;
        self.submit_within(&mut self.lock(), command, is_stream)
    }

    fn submit_within(
        &self,
        core: &mut MutexGuard<'_, Core>,
        command: Box<dyn InFlight>,
        is_stream: bool,
    ) -> Result<RequestId> {
        let (now, thread) = (Instant::now(), caller());
        core.session.set_time(now);
        let id = match is_stream {
            true => core.session.submit_stream(command, thread)?,
            false => core.session.submit(command, thread)?,
        };
        if core.flush_submitted(now) {
            self.pass_on(core);
        }
        Ok(id)
    }

    /// Makes whoever polls, a thread or a loop, look at what there is to wait for.
    fn look_again(&self, core: &Core) {
        self.cancel.wake_poller();
        if let Some(wake) = &core.loop_wake {
            net::Wake::signal(wake.signal_fd());
        }
    }

    /// Whether nothing more is to be waited for; what has arrived already is read first.
    pub fn is_done(&self, id: RequestId) -> Result<bool> {
        let mut core = self.lock();
        if !core.session.is_done(id) {
            self.glance(&mut core)?;
        }
        Ok(core.session.is_done(id))
    }

    /// The value of a request that is done; `T` is its command's output, else an error that says so.
    pub fn take<T: Any>(&self, id: RequestId) -> Result<T> {
        self.lock().take(id)
    }

    /// How a request that is done ended; its value stays to be taken.
    pub fn result(&self, id: RequestId) -> Result<()> {
        self.lock().session.failure(id).map_or(Ok(()), Err)
    }

    /// Whether `take::<T>()` would find its value.
    pub fn gives<T: Any>(&self, id: RequestId) -> bool {
        let core = self.lock();
        let outcome = core.session.outcome(id);
        outcome.is_none_or(|outcome| outcome.result.as_ref().is_ok_and(|value| value.is::<T>()))
    }

    /// The tagged reply of a request that is done, as sent.
    pub fn reply(&self, id: RequestId) -> Option<Vec<u8>> {
        self.lock().session.outcome(id).map(|outcome| outcome.reply.clone()).filter(|reply| !reply.is_empty())
    }

    /// Ends one request; waits for nothing, not even the lock.
    pub fn cancel_request(&self, id: RequestId) {
        self.cancelled.lock().push(id);
        self.has_cancelled.store(true, SeqCst);
        match self.core.try_lock() {
            Some(mut core) => {
                self.apply_cancelled(&mut core);
                if core.flush_submitted(Instant::now()) {
                    self.look_again(&core);
                }
                core.wake_all();
            }
            None => self.cancel.wake_poller(),
        }
    }

    pub fn forget(&self, id: RequestId) {
        self.forget_within(&mut self.lock(), id);
    }

    fn forget_within(&self, core: &mut Core, id: RequestId) {
        core.session.set_time(Instant::now());
        core.session.forget(id);
        self.stall_ended(core);
    }

    /// Ends every wait, or the next one. Safe in a signal handler.
    pub fn cancel(&self) {
        self.cancel.request();
    }

    /// Closes at once; every waiting call ends with CLOSED.
    pub fn disconnect(&self) {
        let mut core = self.lock();
        core.session.leave();
        core.fail(Error::fatal(IMAP_ERR_CLOSED, "the connection was closed by imap_disconnect()"));
        core.wake_all();
        self.cancel.wake_poller();
        if !core.has_leader && core.calling.is_none() {
            // The last lines of the log. A thread that leads tells them itself.
            core.has_leader = true;
            let _ = self.tell_handlers(&mut core);
            core.has_leader = false;
            core.wake_successor();
        }
    }

    /// The last traffic, as text.
    pub fn trace(&self) -> Result<Vec<u8>> {
        self.check()?;
        self.lock().session.trace()
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        let mut core = self.core.lock();
        self.apply_cancelled(&mut core);
        core
    }

    #[inline(always)]
    fn apply_cancelled(&self, core: &mut Core) {
        if self.has_cancelled.load(SeqCst) {
            self.cancel_those(core);
        }
    }

    fn cancel_those(&self, core: &mut Core) {
        self.has_cancelled.store(false, SeqCst);
        for id in self.cancelled.lock().drain(..) {
            core.session.cancel(id, Error::new(IMAP_ERR_CANCELLED, "cancelled by imap_request_cancel()"));
        }
    }

    // What is known without asking the server.

    pub fn state(&self) -> imap_state {
        self.lock().session.facts().state
    }

    pub fn has(&self, capability: &str) -> bool {
        self.lock().session.facts().has(capability)
    }

    /// The server says so, or it follows from what it says.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.lock().session.facts().can(capability)
    }

    pub fn is_enabled(&self, capability: &str) -> bool {
        self.lock().session.facts().is_enabled(capability)
    }

    /// The next event; what has arrived already is read first.
    pub fn next_event(&self) -> Result<Option<Box<Owned<Event>>>> {
        self.check()?;
        let mut core = self.lock();
        self.glance(&mut core)?;
        Ok(core.session.next_event())
    }

    /// Takes in what has arrived, if nobody else does.
    fn glance(&self, core: &mut MutexGuard<'_, Core>) -> Result<()> {
        if core.has_leader {
            return Ok(());
        }
        core.has_leader = true;
        core.turn(Instant::now());
        let told = self.tell_handlers(core);
        core.has_leader = false;
        core.wake_reached(0);
        core.wake_successor();
        if core.waiters.is_empty() {
            core.rest();
        }
        told
    }

    pub fn selected(&self) -> Result<Box<Owned<Selected>>> {
        self.check()?;
        self.lock().session.selected()
    }

    pub fn connection(&self) -> Result<Box<Owned<Connection>>> {
        self.check()?;
        let core = self.lock();
        let facts = core.session.facts();
        let link = core.link();
        let peer = link.and_then(Link::peer);
        let (received, sent) = core.session.traffic();
        Owned::build(|arena| {
            let certificate = link.and_then(Link::certificate);
            let agreed = link.and_then(Link::agreed);
            let certificate_len = certificate.as_ref().map_or(0, Vec::len);
            let protocol = ["IMAP4rev2", "IMAP4rev1", "IMAP4"].into_iter().find(|name| facts.has(name));
            let mailbox = facts
                .selected
                .as_ref()
                .map_or(String::new(), |mirror| format!(" {}", quote(mirror.mailbox.as_bytes())));
            let security = match (facts.is_tls, self.config.is_verified) {
                (true, true) => "TLS",
                (true, false) => "TLS (NOT VERIFIED)",
                (false, _) => "PLAINTEXT",
            };
            Ok(imap_connection {
                summary: arena.format(format_args!(
                    "{}:{} {security} {}{mailbox}",
                    self.config.target.host,
                    self.config.target.port,
                    state_name(facts.state)
                ))?,
                host: arena.text(self.config.target.host.as_bytes())?,
                port: peer.map_or(0, |peer| peer.port()),
                address: match peer {
                    Some(peer) => arena.format(format_args!("{}", peer.ip()))?,
                    None => crate::model::Text::NONE,
                },
                state: facts.state,
                protocol: match protocol {
                    Some(name) => arena.text(name.as_bytes())?,
                    None => crate::model::Text::NONE,
                },
                greeting: match facts.greeting.is_empty() {
                    true => crate::model::Text::NONE,
                    false => arena.text(&facts.greeting)?,
                },
                capabilities: arena.texts_of(facts.capabilities.iter().flat_map(|all| all.iter()))?,
                enabled: arena.texts_of(&facts.enabled)?,
                is_tls: facts.is_tls,
                is_idle: core.session.is_idling(),
                is_verified: facts.is_tls && self.config.is_verified,
                is_compressed: facts.is_compressed,
                tls_version: match agreed {
                    Some(agreed) => arena.text(agreed.version().as_bytes())?,
                    None => crate::model::Text::NONE,
                },
                tls_cipher: match agreed {
                    Some(agreed) => arena.text(agreed.cipher().as_bytes())?,
                    None => crate::model::Text::NONE,
                },
                certificate: match certificate {
                    Some(der) => arena.raw(&der)?,
                    None => crate::model::Bytes::NONE,
                },
                certificate_len,
                channel_binding: match &facts.channel_binding {
                    Some(binding) => arena.raw(binding)?,
                    None => crate::model::Bytes::NONE,
                },
                channel_binding_len: facts.channel_binding.as_ref().map_or(0, Vec::len),
                bytes_sent: sent as i64,
                bytes_received: received as i64,
            })
        })
    }
}

fn state_name(state: imap_state) -> &'static str {
    match state {
        imap_state::IMAP_STATE_CONNECTING => "connecting",
        imap_state::IMAP_STATE_NOT_AUTHENTICATED => "not authenticated",
        imap_state::IMAP_STATE_AUTHENTICATED => "authenticated",
        imap_state::IMAP_STATE_SELECTED => "selected",
        imap_state::IMAP_STATE_LOGOUT => "logged out",
    }
}

/// Random bytes for an authentication.
pub fn nonce() -> Result<[u8; 24]> {
    let mut nonce = [0; 24];
    match getrandom::fill(&mut nonce) {
        Ok(()) => Ok(nonce),
        Err(_) => Err(Error::new(IMAP_ERR_INTERNAL, "the system gives no random numbers")),
    }
}
