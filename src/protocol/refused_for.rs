//! Why the gateway did not pass a call of a model on, in the word that
//! [`super::MODEL_REFUSAL_HEADER`] carries from the server to the runner.

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// The task's budget is used up.
    Budget,
    /// The model is not there or not allowed.
    Model,
    /// The provider does not take the server's key.
    Key,
    /// The provider cannot be reached or is overloaded.
    Provider,
    /// The request is not one that may be made.
    Request,
    /// The attempt is over.
    Over,
}

impl RefusedFor {
    /// All values.
    pub const ALL: [Self; 6] = [
        Self::Budget,
        Self::Model,
        Self::Key,
        Self::Provider,
        Self::Request,
        Self::Over,
    ];

    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Model => "model",
            Self::Key => "key",
            Self::Provider => "provider",
            Self::Request => "request",
            Self::Over => "over",
        }
    }

    /// Reads the header's value; a word that a newer server may say counts as [`Self::Request`].
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        let known = Self::ALL.into_iter();
        let mut named = known.filter(|why| why.as_str().as_bytes() == value);
        named.next().unwrap_or(Self::Request)
    }
}
