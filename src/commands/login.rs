//! Logging in: LOGIN and AUTHENTICATE (RFC 9051 sections 6.2.2 and 6.2.3, RFC 4959), and the choice between
//! them.

use crate::error::{Error, Result, imap_status::*};
use crate::model::try_box;
use crate::sasl::{self, Credentials, Exchange, Limits, Mechanism, Secret, Setting};
use crate::session::{Answer, Command, Effect, Facts, Next, Reply, Rules, Step, quote};
use crate::wire::code;
use crate::wire::line::Line;

/// One attempt to log in. After it, the capabilities are asked for if the server did not tell them.
pub struct Login {
    user: Secret,
    password: Secret,
    act_as: Option<Secret>,
    /// The LOGIN command and nothing else.
    is_command: bool,
    /// Empty: the best way that both sides have, the LOGIN command among them.
    mechanisms: Vec<&'static Mechanism>,
    nonce: [u8; 24],
    stage: Stage,
    max_rounds: u32,
}

enum Stage {
    Start,
    /// The LOGIN command.
    Plain,
    Exchange {
        exchange: Box<Exchange>,
        initial: Option<Secret>,
        rounds: u32,
    },
    Capability,
}

impl Login {
    /// The best way that both sides have: SCRAM before PLAIN before the LOGIN command.
    pub fn best(user: &str, password: &str, act_as: Option<&str>, nonce: [u8; 24]) -> Result<Login> {
        check("user", user)?;
        check("password", password)?;
        check("act_as", act_as.unwrap_or_default())?;
        Ok(Login {
            user: Secret::new(user.as_bytes())?,
            password: Secret::new(password.as_bytes())?,
            act_as: act_as.map(|act_as| Secret::new(act_as.as_bytes())).transpose()?,
            is_command: false,
            mechanisms: Vec::new(),
            nonce,
            stage: Stage::Start,
            max_rounds: 0,
        })
    }

    /// The LOGIN command, whatever mechanisms there are: for servers that offer some which do not work.
    pub fn command(user: &str, password: &str) -> Result<Login> {
        Ok(Login { is_command: true, ..Login::best(user, password, None, [0; 24])? })
    }

    /// The first of `mechanisms`, separated by spaces, that the server has.
    pub fn with(
        mechanisms: &str,
        user: &str,
        password: &str,
        act_as: Option<&str>,
        nonce: [u8; 24],
    ) -> Result<Login> {
        let mut login = Login::best(user, password, act_as, nonce)?;
        for name in mechanisms.split_ascii_whitespace() {
            let Some(mechanism) = sasl::find(name) else {
                let message = format!("libimap does not know the mechanism {}", quote(name.as_bytes()));
                return Err(Error::invalid(message));
            };
            login.mechanisms.try_reserve(1)?;
            login.mechanisms.push(mechanism);
        }
        if login.mechanisms.is_empty() {
            return Err(Error::invalid("no mechanism is named: say \"PLAIN\", or call imap_login()"));
        }
        Ok(login)
    }

    /// None: the LOGIN command.
    fn choose(&self, facts: &Facts) -> Result<Option<&'static Mechanism>> {
        let is_secure = facts.is_tls || facts.settings.allow_plaintext_login;
        if self.is_command {
            return match (facts.has("LOGINDISABLED"), is_secure) {
                (true, _) => Err(disabled(is_secure)),
                (false, false) => Err(in_the_clear("LOGIN")),
                (false, true) => Ok(None),
            };
        }
        if self.mechanisms.is_empty() {
            let best = sasl::MECHANISMS.iter().find(|mechanism| {
                mechanism.is_automatic
                    && offers(facts, mechanism)
                    && (is_secure || !mechanism.plaintext)
                    && (self.act_as.is_none() || mechanism.can_act_as)
            });
            if best.is_none() && self.act_as.is_some() {
                let message = "the server has no mechanism by which one user can act as another";
                return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
            }
            if facts.hides_secret && best.is_none_or(|mechanism| mechanism.plaintext) {
                return Err(no_weaker());
            }
            // The mechanism of that name is as good as the command where the command is not taken.
            let last = || sasl::find("LOGIN").filter(|mechanism| is_secure && offers(facts, mechanism));
            return match best {
                Some(mechanism) => Ok(Some(mechanism)),
                None if facts.has("LOGINDISABLED") => last().map(Some).ok_or_else(|| disabled(is_secure)),
                None if !is_secure => Err(in_the_clear("LOGIN")),
                None => Ok(None),
            };
        }
        let Some(mechanism) = self.mechanisms.iter().find(|mechanism| offers(facts, mechanism)) else {
            let names: Vec<_> = self.mechanisms.iter().map(|mechanism| mechanism.name).collect();
            let message = format!("the server offers none of AUTH={}", names.join(", AUTH="));
            return Err(Error::new(IMAP_ERR_UNSUPPORTED, message));
        };
        if mechanism.plaintext && !is_secure {
            return Err(in_the_clear(mechanism.name));
        }
        Ok(Some(mechanism))
    }

    fn begin(&mut self, facts: &Facts, line: &mut Line) -> Result<()> {
        facts.needs_no_login()?;
        line.set_secret();
        self.max_rounds = facts.settings.max_sasl_rounds;
        let Some(mechanism) = self.choose(facts)? else {
            line.word("LOGIN")?;
            line.string(self.user.as_bytes())?;
            line.string(self.password.as_bytes())?;
            self.stage = Stage::Plain;
            return Ok(());
        };
        let settings = &facts.settings;
        let setting = Setting {
            nonce: self.nonce,
            limits: Limits {
                min_iterations: settings.min_iterations,
                max_iterations: settings.max_iterations,
            },
            host: &settings.host,
            port: settings.port,
            realm: settings.realm.as_deref(),
            channel_binding: facts.channel_binding.as_deref(),
        };
        let credentials = Credentials {
            user: self.user.copy()?,
            password: self.password.copy()?,
            act_as: self.act_as.as_ref().map(Secret::copy).transpose()?,
        };
        let mut exchange = try_box(Exchange::new(mechanism, credentials, &setting)?)?;
        let mut initial = exchange.initial()?;
        line.word("AUTHENTICATE")?;
        line.word(mechanism.name)?;
        if facts.settings.sasl_ir && facts.can("SASL-IR") {
            if let Some(first) = initial.take() {
                let text = sasl::encode(first.as_bytes())?;
                line.raw(b" ")?;
                line.raw(if text.as_bytes().is_empty() { b"=" } else { text.as_bytes() })?;
            }
        }
        self.stage = Stage::Exchange { exchange, initial, rounds: 0 };
        Ok(())
    }
}

impl Command for Login {
    type Output = ();

    fn name(&self) -> &'static str {
        match self.stage {
            Stage::Plain => "LOGIN",
            Stage::Capability => "CAPABILITY",
            Stage::Start if self.mechanisms.is_empty() => "LOGIN",
            Stage::Start | Stage::Exchange { .. } => "AUTHENTICATE",
        }
    }

    fn rules(&self) -> Rules {
        Rules::ALONE
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        match self.stage {
            Stage::Capability => {
                line.word("CAPABILITY")?;
                Ok(Next::Send)
            }
            _ => {
                self.begin(facts, line)?;
                Ok(Next::Send)
            }
        }
    }

    fn is_dialogue(&self) -> bool {
        matches!(self.stage, Stage::Exchange { .. })
    }

    fn is_login(&self) -> bool {
        !matches!(self.stage, Stage::Capability)
    }

    fn hides_secret(&self) -> bool {
        matches!(&self.stage, Stage::Exchange { exchange, .. } if exchange.hides_secret())
    }

    fn challenge(&mut self, text: &[u8]) -> Result<Answer> {
        let Stage::Exchange { exchange, initial, rounds } = &mut self.stage else {
            return Err(Error::new(IMAP_ERR_PROTOCOL, "the server asked for data after LOGIN"));
        };
        *rounds += 1;
        if *rounds > self.max_rounds {
            return Err(endless());
        }
        match initial.take() {
            Some(first) => encoded(Some(first)),
            None => encoded(exchange.respond(sasl::decode(text)?.as_bytes())?),
        }
    }

    fn go_on(&mut self) -> Result<Answer> {
        match &mut self.stage {
            Stage::Exchange { exchange, .. } => encoded(exchange.go_on()?),
            _ => Err(Error::new(IMAP_ERR_INTERNAL, "there is no authentication to go on with")),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        if let Stage::Capability = self.stage {
            return Ok(Step::DONE);
        }
        if !reply.is_ok() {
            return Err(self.refused(reply));
        }
        if let Stage::Exchange { exchange, .. } = &self.stage {
            if !exchange.is_complete() {
                let message =
                    "the server says that we are logged in, but did not prove that it knows the password";
                return Err(Error::fatal(IMAP_ERR_AUTH, message));
            }
        }
        // What the server could do before the login says little of what it can do now.
        self.stage = Stage::Capability;
        Ok(Step { is_done: reply.tells_capabilities, effect: Effect::Authenticated })
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}

impl Login {
    /// With what the server said of the token, if it was one.
    fn refused(&self, reply: &Reply<'_>) -> Error {
        let mut error = refused(reply);
        if let (Stage::Exchange { exchange, .. }, Some(said)) = (&self.stage, &mut error.reply) {
            said.data = exchange.refusal().map(<[u8]>::to_vec);
        }
        if let (Stage::Exchange { exchange, .. }, true) = (&self.stage, error.status == IMAP_ERR_AUTH) {
            if exchange.is_bound() {
                error.message = format!(
                    "{}; perhaps the server wants another channel binding than tls-server-end-point: try without -PLUS",
                    error.message
                )
                .into();
            }
        }
        error
    }
}

/// None: it is not known yet.
fn encoded(answer: Option<Secret>) -> Result<Answer> {
    match answer {
        Some(answer) => sasl::encode(answer.as_bytes()).map(Answer::Line),
        None => Ok(Answer::Unfinished),
    }
}

fn offers(facts: &Facts, mechanism: &Mechanism) -> bool {
    facts.capabilities.as_ref().is_some_and(|all| {
        all.iter().any(|atom| {
            let name = atom.get(..5).filter(|auth| auth.eq_ignore_ascii_case("AUTH=")).and(atom.get(5..));
            name.is_some_and(|name| name.eq_ignore_ascii_case(mechanism.name))
        })
    })
}

pub fn endless() -> Error {
    Error::new(IMAP_ERR_PROTOCOL, "the server goes on asking: the authentication was ended")
}

/// A refused login, unless the server says that it could not try.
pub fn refused(reply: &Reply<'_>) -> Error {
    use crate::model::imap_code::*;
    let known = code::head(reply.resp_text()).map(|(head, _)| code::of(head.name));
    match known {
        Some(IMAP_CODE_UNAVAILABLE | IMAP_CODE_LIMIT | IMAP_CODE_INUSE | IMAP_CODE_SERVERBUG) => {
            reply.error(IMAP_ERR_NO)
        }
        _ => reply.error(IMAP_ERR_AUTH),
    }
}

/// A server that offered SCRAM, and does so no longer, may have been unable to prove that it knows the password.
fn no_weaker() -> Error {
    let message = "SCRAM was tried on this connection and is offered no longer: to show the server the password all the \
                   same, name PLAIN with imap_authenticate()";
    Error::new(IMAP_ERR_UNSUPPORTED, message)
}

fn disabled(is_secure: bool) -> Error {
    let how =
        if is_secure { "and offers no mechanism that we know" } else { "without TLS: connect with TLS" };
    Error::new(IMAP_ERR_UNSUPPORTED, format!("the server does not take a password (LOGINDISABLED) {how}"))
}

fn in_the_clear(mechanism: &str) -> Error {
    let message = format!(
        "{mechanism} would send the password unencrypted: use TLS, or set IMAP_OPTION_DANGER_PLAINTEXT_LOGIN"
    );
    Error::new(IMAP_ERR_STATE, message)
}

fn check(what: &str, text: &str) -> Result<()> {
    match text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        true => Err(Error::invalid(format!("{what} contains CR, LF or NUL"))),
        false => Ok(()),
    }
}
