#if hasFeature(Embedded)
    /// A value that says nothing secret of itself: it has a description of its own. Embedded Swift
    /// has no mirrors.
    public protocol Redacted: CustomStringConvertible {}
#else
    /// A value that says nothing secret of itself, neither to `print` nor to `dump`.
    public protocol Redacted: CustomStringConvertible, CustomReflectable {}

    extension Redacted {
        /// Shows no children.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }
#endif
