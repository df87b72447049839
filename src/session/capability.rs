//! What the server can do, as it last said (RFC 9051 section 7.2.2).

use crate::error::NoMemory;

/// The atoms of the last CAPABILITY, upper case; asked without regard to case.
#[derive(Clone, Default)]
pub struct Capabilities {
    atoms: Vec<String>,
}

impl Capabilities {
    pub fn from_atoms<'b>(atoms: impl Iterator<Item = &'b [u8]>) -> Result<Capabilities, NoMemory> {
        let mut all = Capabilities::default();
        for atom in atoms {
            let mut name = String::new();
            name.try_reserve(atom.len())?;
            name.extend(
                atom.iter().map(|byte| char::from(byte.to_ascii_uppercase())).filter(|c| c.is_ascii()),
            );
            if !all.has(&name) {
                all.atoms.try_reserve(1)?;
                all.atoms.push(name);
            }
        }
        Ok(all)
    }

    pub fn has(&self, name: &str) -> bool {
        self.atoms.iter().any(|atom| atom.eq_ignore_ascii_case(name))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.atoms.iter().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }
}
