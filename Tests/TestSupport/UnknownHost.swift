/// A host name that nobody knows. Its first label is longer than labels are, so that no name server
/// is asked: tests stay on this machine.
package let unknownHost = String(repeating: "x", count: 64) + ".invalid"
