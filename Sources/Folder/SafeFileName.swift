/// A file name that cannot leave the folder, hide, or harm the reader's terminal, whatever it was
/// made from.
///
/// SKETCH; the body is to be written.
package struct SafeFileName: Hashable, Sendable {
    package let text: String
    /// Makes any bytes into such a name.
    package init(untrusted bytes: some Collection<UInt8>) { fatalError("sketch") }
}
