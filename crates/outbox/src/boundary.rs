//! The moments between which a submission must survive a kill.

macro_rules! boundaries {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A completed step on the way from capture to deletion. A crash test
        /// kills the process at each of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Boundary {
            $($(#[$doc])* $name,)*
        }

        impl Boundary {
            /// In the order in which one submission passes them.
            pub const ALL: &'static [Boundary] = &[$(Boundary::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Boundary::$name => $text,)* }
            }
        }
    };
}

boundaries! {
    /// All bytes of a sealed part handed to the kernel.
    PartWritten = "part-written",
    PartSynced = "part-synced",
    PartRenamed = "part-renamed",
    /// The part's name is durable: it is staged.
    PartStaged = "part-staged",
    /// The signed manifest lies beside the parts, durable; not committed.
    ManifestSynced = "manifest-synced",
    /// The transaction is durable: "saved" may be shown.
    Committed = "committed",
    /// The office made an upload; its address is not recorded.
    UploadCreated = "upload-created",
    UploadUrlRecorded = "upload-url-recorded",
    /// The office has all bytes of a part; not recorded.
    PartSent = "part-sent",
    PartSentRecorded = "part-sent-recorded",
    /// The durable receipt came and is genuine; not recorded.
    ReceiptCame = "receipt-came",
    ReceiptRecorded = "receipt-recorded",
    /// One media file is gone.
    MediaUnlinked = "media-unlinked",
    FolderRemoved = "folder-removed",
    /// The row says that nothing is left to delete.
    Deleted = "deleted",
}

impl std::fmt::Display for Boundary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Boundary {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|b| b.as_str() == text)
            .ok_or_else(|| format!("no boundary {text:?}"))
    }
}
