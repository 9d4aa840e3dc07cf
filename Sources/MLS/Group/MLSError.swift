public import TLSSyntax

/// Why something was refused. A case names the rule that was broken; none carries a secret.
///
/// After an error the group is as it was, unless the method says otherwise.
public enum MLSError: Error, Equatable, Sendable {
    // MARK: Bytes

    /// Bytes are not what they should encode.
    case malformed(CodecError)
    /// The padding of a private message has a bit set (RFC 9420 section 6.3.1).
    case nonZeroPadding

    // MARK: Cryptography

    /// The suite is not one of `CipherSuite.supported`; 4 and 6 need X448 and Ed448.
    case unsupportedCipherSuite(CipherSuite)
    /// A public key is not one, or one of low order that nobody could encrypt to.
    case invalidPublicKey
    /// A private key is not one, or not the one of its public key.
    case invalidPrivateKey
    /// A signature key belongs to another signature scheme than the suite's.
    case signatureKeyOfOtherScheme
    /// A ciphertext was not made with our key, or was changed.
    case decryptionFailed
    /// The cryptographic library refused to do what it always can; a fault of the machine.
    case cryptoFailure
    /// A path secret or joiner secret has not the size of the suite's hash.
    case wrongSecretSize

    // MARK: Messages

    /// The message is for another group.
    case wrongGroup
    /// The message is of an epoch whose keys we have not: gone, or still to come.
    case wrongEpoch(UInt64)
    /// We sent this message ourselves; its key is spent.
    case ownMessage
    /// The message names a leaf where nobody is.
    case unknownSender
    /// The message names an external sender that the group does not list.
    case unknownExternalSender
    /// The signature on a message is not the sender's.
    case invalidSignature
    /// The tag that proves membership is wrong.
    case invalidMembershipTag
    /// A commit's confirmation tag is wrong: it leads elsewhere than its sender claims.
    case invalidConfirmationTag
    /// Application data was sent unencrypted (section 6).
    case applicationDataInPublicMessage
    /// The kind of content is not for this kind of sender (sections 6.1 and 12.1.8).
    case contentNotAllowedForSender
    /// Only a member may send this.
    case senderNotMember
    /// The key of this message was used before or was dropped: a repeat, or too late.
    case messageKeyUsed
    /// The message claims a generation further ahead than the policy follows.
    case tooFarAhead

    // MARK: Leaves and key packages

    /// The signature on a leaf is not its owner's.
    case invalidLeafSignature
    /// The signature on a key package is not its owner's.
    case invalidKeyPackageSignature
    /// A leaf's `leaf_node_source` is not that of the place where it was found.
    case wrongLeafNodeSource
    /// A key package is of another version or suite than the group.
    case keyPackageMismatch
    /// A key package uses one key for both purposes.
    case initKeyIsEncryptionKey
    /// A leaf's total lifetime is longer than the policy accepts, or its bounds are swapped.
    case lifetimeTooLong
    /// A leaf is not valid yet or not any more.
    case outsideLifetime
    /// A leaf's capabilities do not list its own credential's type.
    case credentialTypeNotInCapabilities
    /// A leaf has an extension that its capabilities do not list.
    case leafExtensionNotInCapabilities
    /// A member does not support an extension of the group.
    case groupExtensionNotSupported
    /// A member does not support what the group requires.
    case requiredCapabilitiesNotMet
    /// A credential type is in use that a member does not support.
    case credentialTypeNotSupportedByAll
    /// Two members would have the same signature key.
    case signatureKeyNotUnique
    /// Two nodes would have the same encryption key.
    case encryptionKeyNotUnique
    /// A key that had to be new was in the tree already.
    case encryptionKeyNotFresh
    /// A list has two extensions of one type.
    case repeatedExtension

    // MARK: Proposals and commits

    /// A proposal or an operation names a leaf where nobody is.
    case unknownMember(LeafIndex)
    /// A commit refers to a proposal that we have not kept.
    case unknownProposal
    /// A commit contains an Update of the committer.
    case updateByCommitter
    /// A commit removes the committer.
    case committerRemoved
    /// A commit updates or removes the same leaf twice.
    case leafTouchedTwice
    /// A commit has more than one GroupContextExtensions.
    case severalGroupContextExtensions
    /// A commit has a ReInit and something else.
    case reInitNotAlone
    /// A ReInit goes back to an older version.
    case reInitVersionTooLow
    /// A member's commit has an ExternalInit.
    case externalInitFromMember
    /// An external commit has no ExternalInit.
    case externalInitMissing
    /// A commit has more than one ExternalInit.
    case severalExternalInits
    /// An external commit has a proposal that it may not have.
    case proposalNotAllowedInExternalCommit
    /// An external commit refers to a proposal instead of carrying it.
    case referenceInExternalCommit
    /// A PSK's nonce has not the size of the suite's hash.
    case wrongPreSharedKeyNonce
    /// A resumption PSK for reinit or branch stands where it may not.
    case resumptionUsageNotAllowed
    /// A commit names the same PSK, with the same nonce, twice.
    case repeatedPreSharedKey
    /// More PSKs than their counter can count.
    case tooManyPreSharedKeys
    /// A PSK is needed that we have not.
    case unknownPreSharedKey(PreSharedKeyName)
    /// The commit needs a path and has none.
    case pathRequired
    /// A path has more or fewer nodes than the filtered direct path.
    case wrongPathLength
    /// A path node has more or fewer ciphertexts than its copath child's resolution has nodes.
    case wrongPathSecretCount
    /// A path has no ciphertext that we can open.
    case pathSecretNotForUs
    /// A path secret leads to other keys than the path says.
    case pathKeyMismatch
    /// The commit was staged or made in another epoch than the group is in.
    case staleCommit

    // MARK: Trees, Welcome, GroupInfo

    /// The tree is not the one that the group agreed on.
    case treeHashMismatch
    /// A parent hash does not chain to a leaf, or a commit's leaf does not name its parent.
    case invalidParentHash
    /// A parent lists an unmerged leaf that is not one.
    case invalidUnmergedLeaf
    /// The tree is neither in the GroupInfo nor beside it.
    case treeMissing
    /// The Welcome is not for this key package.
    case welcomeNotForUs
    /// The suites of Welcome, GroupInfo and key package differ.
    case cipherSuiteMismatch
    /// The version of the group is not MLS 1.0.
    case unsupportedVersion(ProtocolVersion)
    /// The signature on a GroupInfo is not the signer's.
    case invalidGroupInfoSignature
    /// Our key package's leaf is not in the tree.
    case ownLeafMissing
    /// We are in a group of this name already.
    case groupIDInUse
    /// The GroupInfo has no key for external commits.
    case externalPubMissing
    /// A Welcome of a reinitialized or branched group came without word of the old group.
    case priorGroupMissing
    /// The new group is not what its PSK says it is: another version, suite, name or epoch.
    case priorGroupMismatch
    /// The new group has members that the old one had not, or lacks some.
    case priorMembersMismatch
    /// A Welcome has more than one PSK for reinit or branch.
    case severalResumptionPSKs

    // MARK: The state of the group

    /// There are proposals that must be committed before application data is sent (section 12.4).
    case proposalsPending
    /// The group was closed by a ReInit and takes part in nothing more.
    case groupReinitialized
    /// The group was not closed by a ReInit.
    case groupNotReinitialized
    /// We were removed from the group.
    case removedFromGroup
    /// The saved state is not of a format that we know.
    case unknownStateVersion(UInt16)
}
