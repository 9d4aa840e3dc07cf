import ArgumentParser
import Crypto
import NIOSSL
import X509
import NIOPosix
import Logging
import ServiceLifecycle
@main struct Chatbox { static func main() { print("x") } }
