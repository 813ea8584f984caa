//! What a module's return values mean for the person (PKCS #11 2.40 section 5.1).

use cryptoki::error::{Error, RvError};

use crate::StorageError;

impl From<Error> for StorageError {
    /// In the middle of work: a token that is not there any more was pulled out.
    fn from(error: Error) -> Self {
        match code(&error) {
            Some(RvError::DeviceMemory) => StorageError::TokenFull,
            Some(
                RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionHandleInvalid
                | RvError::SessionClosed,
            ) => StorageError::TokenPulled,
            Some(RvError::TokenWriteProtected | RvError::SessionReadOnly) => {
                StorageError::TokenReadOnly
            }
            Some(
                RvError::TokenNotRecognized
                | RvError::FunctionNotSupported
                | RvError::MechanismInvalid
                | RvError::KeySizeRange
                | RvError::CurveNotSupported
                | RvError::DomainParamsInvalid
                | RvError::UserPinNotInitialized,
            ) => StorageError::TokenUnknown,
            Some(RvError::PinLocked) => StorageError::TokenBlocked,
            // It works again only after a change.
            Some(RvError::PinExpired) => StorageError::TokenPinDefault,
            Some(RvError::PinTooWeak) => StorageError::TokenPinRule,
            _ => StorageError::TokenFailed,
        }
    }
}

/// The module's own return value.
pub(super) fn code(error: &Error) -> Option<RvError> {
    match error {
        Error::Pkcs11(code, _) => Some(*code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;
    use faults::Fault;

    #[test]
    fn return_values_have_their_faults() {
        for (code, fault) in [
            (RvError::DeviceMemory, Fault::TokenFull),
            (RvError::DeviceRemoved, Fault::TokenPulled),
            (RvError::TokenNotPresent, Fault::TokenPulled),
            (RvError::TokenWriteProtected, Fault::TokenReadOnly),
            (RvError::PinLocked, Fault::TokenPinBlocked),
            (RvError::PinExpired, Fault::TokenPinDefault),
            (RvError::TokenNotRecognized, Fault::TokenUnknown),
            (RvError::FunctionNotSupported, Fault::TokenUnknown),
            (RvError::GeneralError, Fault::TokenFailed),
        ] {
            let error = StorageError::from(Error::Pkcs11(code, Function::GenerateKeyPair));
            assert_eq!(error.fault(), fault, "{code}");
        }
        let not_there = StorageError::from(Error::NullFunctionPointer);
        assert_eq!(not_there.fault(), Fault::TokenFailed);
    }
}
