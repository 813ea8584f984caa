//! Names of what maintenance mode shows and does. Words for them are in `ui/lang`.

/// An enumeration whose every name is known, so that tests can go through all of them.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$each:meta])* $name:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$each])* $name,)* }

        impl $type {
            pub const ALL: &'static [$type] = &[$($type::$name,)*];
        }
    };
}

names! {
    /// Places of maintenance mode.
    Page {
        /// The card was seen: its PIN is asked for.
        Pin,
        /// A technician's card that is not let in, and why.
        Refused,
        Overview,
        /// One test after the other, or one alone.
        Devices,
        Network,
        NetworkSettings,
        Queue,
        StorageHealth,
        Logs,
        Configuration,
        /// One local value is edited.
        Setting,
        Provisioning,
        Time,
        Update,
        Wipe,
        /// The readiness report.
        Report,
        /// What was done, before leaving.
        WorkOrder,
    }
}

names! {
    /// What can be tested by hand.
    Device { Camera, Reader, Writer, Drive, Touch, Display, Panel }
}

names! {
    /// What a technician lets the kiosk do.
    Act {
        /// The tests of all devices, in order.
        TestAll,
        /// Look at this page's subject again.
        LookAgain,
        /// Send what waits, now.
        RetryUploads,
        /// The sealed submissions onto the drive; they stay here too.
        ExportQueue,
        ExportLogs,
        /// Only warnings and errors, or everything.
        FilterLogs,
        RestartCardService,
        RestartKiosk,
        EditNetwork,
        SaveNetwork,
        /// The kiosk's cable is configured by DHCP again.
        AutomaticNetwork,
        SaveSetting,
        /// This local value is not set any more: the layer below counts.
        ClearSetting,
        /// With the token typed.
        Provision,
        /// With the token in the file `qoltanba/provisioning-token` of the drive.
        ProvisionFromDrive,
        /// The words are the same as the office's.
        SetTime,
        AskForUpdate,
        InstallFromDrive,
        /// First step of two.
        AskWipe,
        /// Second step of two.
        Wipe,
        ReportToDrive,
        ReportToOffice,
        Leave,
    }
}

names! {
    /// What a row of a table tells of.
    RowName {
        // Overview, and the aspects of a readiness report.
        Camera, Reader, Writer, Drives, Panel, Disk, Queue, Link, Clock, Configuration, Update, Keys, Program,
        KioskVersion, ImageVersion, KernelVersion, Uptime,
        // Devices.
        FrameSize, FrameRate, Brightness, Contrast, Sharpness,
        AnswerToReset, TestCard, ReadingTime,
        TokenKind, PinTriesLeft, AnswerTime,
        DriveLabel, FreeOnDrive, DriveWritten, DrivePulledOut,
        PanelPicture,
        // Network.
        Wired, Wifi, Mobile, Address, Gateway, NameResolution, Connection, Tls,
        ClockDifference, OfficeAnswer,
        // Queue.
        Waiting, Quarantined, Oldest, LastError, QueueBytes,
        // Storage.
        FreeSpace, SpaceFloor, Ballast, DatabaseBytes, WalBytes, SyncTime, FileSystem, DatabaseVersion,
        LogLine,
        Setting,
        // Provisioning.
        Kiosk, OfficeAddress, Provisioned, DeviceKey, OwnWords, OfficeWords, CertificateUntil,
        // Time.
        WallClock, ClockTrust, OfficeTime, TimeZone,
        // Update.
        Offer, OfferWindow, Fetched, LastResult, BootedSlot, OtherSlot,
        // Wipe.
        Unsent, Erased,
        // Report, work order.
        ReportNumber, MadeAt, SentAt, WrittenTo, Technician, Began, Done,
    }
}

names! {
    /// A value that is a word.
    Word {
        Yes, No, Works, Missing, Silent, NotNeeded, NotTested, ReadOnly, Writable, Automatic, ByHand, Never,
        InTpm, InFile, NotProvisioned, AwaitingOffice, Provisioned, ConfirmedByOffice, Floor, Doubtful,
        Good, Bad, Booted, Installed, RolledBack, Failed, Up, Down, NotThere, OnIdCard, Compare,
        Inspected, Cleaned, Replaced, Restarted, Configured, Updated, QueueExported, Other,
    }
}

names! {
    /// What the person at a device test has to do now.
    Hint {
        InsertTestCard, TakeCardOut, InsertTestToken, TakeTokenOut, InsertDrive, PullDriveOut,
        /// Is the picture sharp and bright?
        JudgePicture,
        TouchEveryField,
        /// Is the whole screen of one colour?
        JudgeColour,
        /// Does the panel outside show its pattern?
        JudgePanel,
    }
}

names! {
    /// Why something was not done; what to do about it stands beside it on the screen.
    Refusal {
        NoDrive, SeveralDrives, DriveFailed, NoBundle, SeveralBundles, BundleRefused, NoSpace,
        NothingToDo, OfficeUnreachable, OfficeRefused, NoToken, TokenRefused, BadValue, BadAddress,
        BadTime, CitizenPresent, UnsentSubmissions, NotConfirmedInTime, Busy, StewardUnreachable,
        NotPossibleHere, Failed,
        // Of a technician's card.
        CardExpired, CardNotYet, CardRevoked, ListTooOld, PinBlocked, CardFailed, CardPulled, KeyRefused,
    }
}

names! {
    /// Beside every row; never by colour alone.
    Light { None, Good, Warning, Bad, Running }
}

names! {
    /// Where a value of the configuration comes from.
    Layer { BuiltIn, Image, Office, Local }
}
