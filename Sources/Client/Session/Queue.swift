/// First in, first out, in constant time.
struct Queue<Element>: Sequence {
    /// Nil in front of `head`, so that what was taken out is let go at once.
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }

    mutating func append(_ element: Element) { elements.append(element) }

    @discardableResult mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        // The dead front is dropped once it is the larger half, and at once when all is dead.
        if head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func remove(at index: Int) -> Element? { elements.remove(at: head + index) }

    mutating func removeAll() { self = Queue() }

    /// - Precondition: below `count`; what is there is never nil.
    subscript(index: Int) -> Element {
        get {
            guard let element = elements[head + index] else { preconditionFailure("taken out") }
            return element
        }
        set { elements[head + index] = newValue }
    }

    func makeIterator() -> AnyIterator<Element> {
        var rest = elements[head...].makeIterator()
        return AnyIterator { rest.next() ?? nil }
    }
}

extension Queue: Sendable where Element: Sendable {}
