import TLSSyntax

/// An invitation: `chatbox://HOST[:PORT]/#SECRET`. Whoever has it can come in.
package struct Link: Equatable, Sendable {
    /// How the server of a link is known.
    package enum Trust: Equatable, Sendable {
        /// By its key: no authority is asked.
        case pin(ServerPin)
        /// By a certificate of a public authority for the link's host name.
        case publicAuthority
    }

    package var address: ServerAddress
    package var trust: Trust
    package var secret: RoomSecret
    package var options: RoomOptions

    package init(
        address: ServerAddress, trust: Trust, secret: RoomSecret, options: RoomOptions = .default
    ) {
        self.address = address
        self.trust = trust
        self.secret = secret
        self.options = options
    }

    /// What the part after `#` begins with. Options have versions of their own: a link that lost
    /// its end is then never taken for one without options.
    private enum Version: UInt8 {
        case pinned = 1
        case publicAuthority = 2
        case pinnedWithOptions = 3
        case publicAuthorityWithOptions = 4

        init(isPinned: Bool, hasOptions: Bool) {
            switch (isPinned, hasOptions) {
            case (true, false): self = .pinned
            case (false, false): self = .publicAuthority
            case (true, true): self = .pinnedWithOptions
            case (false, true): self = .publicAuthorityWithOptions
            }
        }

        var isPinned: Bool { self == .pinned || self == .pinnedWithOptions }
        var hasOptions: Bool { self == .pinnedWithOptions || self == .publicAuthorityWithOptions }

        /// Bytes that follow the version.
        var size: Int {
            (isPinned ? ServerPin.size : 0) + RoomSecret.size + (hasOptions ? 1 : 0)
        }
    }

    static let scheme = "chatbox://"

    /// Characters of a link: a host name has at most 253, and the rest is short.
    package static let maximumLength = 512

    /// Reads a link as a person pasted it; white space around it does not matter.
    package init(parsing text: String) throws(LinkError) {
        let text = text.trimmingASCIIWhitespace()
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong }
        guard text.utf8.starts(with: Self.scheme.utf8) else { throw .scheme }
        let rest = text.utf8.dropFirst(Self.scheme.utf8.count)
        guard let hash = rest.firstIndex(of: UInt8(ascii: "#")) else { throw .secretMissing }
        var authority = rest[..<hash]
        if authority.last == UInt8(ascii: "/") { authority = authority.dropLast() }
        address = try ServerAddress(parsing: String(Substring(authority)))
        var (version, body) = try Self.decodeFragment(rest[rest.index(after: hash)...])
        options = version.hasOptions ? try Self.options(body.removeLast()) : .default
        trust =
            version.isPinned
            ? .pin(ServerPin(bytes: body.prefix(ServerPin.size))) : .publicAuthority
        secret = RoomSecret(bytes: body.suffix(RoomSecret.size))
    }

    private static func decodeFragment(
        _ text: Substring.UTF8View
    ) throws(LinkError) -> (version: Version, body: ArraySlice<UInt8>) {
        guard !text.isEmpty else { throw .secretMissing }
        guard let bytes = Base64URL.decode(text), let first = bytes.first else { throw .secret }
        guard let version = Version(rawValue: first) else {
            // There never was a version 0, and no later one has less than a secret in it.
            throw first == 0 || bytes.count <= RoomSecret.size ? .secret : .version
        }
        guard bytes.count == 1 + version.size else { throw .secret }
        return (version, bytes.dropFirst())
    }

    private static func options(_ byte: UInt8) throws(LinkError) -> RoomOptions {
        guard let options = RoomOptions(byte: byte) else { throw .version }
        // The default has one spelling, and this is not it.
        guard options != .default else { throw .secret }
        return options
    }

    /// The link as it is given to others. It is a secret: it belongs on the owner's screen, never
    /// in a log.
    package var text: String {
        let pin: [UInt8]? = if case .pin(let pin) = trust { pin.bytes } else { nil }
        let version = Version(isPinned: pin != nil, hasOptions: options != .default)
        var fragment = [version.rawValue] + (pin ?? []) + secret.bytes
        if version.hasOptions { fragment.append(options.byte) }
        return "\(Self.scheme)\(address.text)/#\(Base64URL.encode(fragment))"
    }
}

extension Link: Redacted {
    package var description: String { "Link(redacted)" }
}

/// What is wrong with a link.
package enum LinkError: Error, Equatable {
    case tooLong
    case scheme
    case host
    case port
    case secretMissing
    case secret
    case version

    /// One sentence that says what is wrong and what to do.
    package var sentence: String {
        switch self {
        case .tooLong: "this is too long to be a chatbox link; copy the link alone"
        case .scheme: "a chatbox link begins with chatbox://; copy the whole link"
        case .host: "the host name in this link cannot be right; copy the link again"
        case .port: "the port in this link is not a number from 1 to 65535; copy the link again"
        case .secretMissing:
            "the part after # is missing; quote the link on the command line and copy all of it"
        case .secret: "the part after # is damaged or cut short; copy the whole link again"
        case .version: "this link was made by a newer chatbox; update this one"
        }
    }
}

extension String {
    /// Without the spaces, tabs and line ends around it, judged by bytes: "\r\n" is one `Character`.
    fileprivate func trimmingASCIIWhitespace() -> String {
        let blank: Set<UInt8> = [0x09, 0x0a, 0x0d, 0x20]
        let bytes = utf8.drop { blank.contains($0) }
        guard let last = bytes.lastIndex(where: { !blank.contains($0) }) else { return "" }
        return String(Substring(bytes[...last]))
    }
}
