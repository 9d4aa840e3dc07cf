/// Why known people cannot be read or kept.
package struct PeopleArchiveError: Error, Equatable, Sendable {
    /// What happened and what to do.
    package var sentence: String

    package init(_ sentence: String) { self.sentence = sentence }
}
