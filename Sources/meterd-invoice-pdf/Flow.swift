/// Blocks that are put on pages, one below the other.
struct Flow {
    private(set) var pages: [[(block: Block, y: Double)]] = [[]]
    private var y = Sheet.top

    /// Puts a block below the last, on a new page where there is no room.
    ///
    /// - Parameters:
    ///   - following: how much room there must be below it on its page, so that what follows is beside it.
    ///   - heading: what stands again at the head of a new page.
    mutating func add(_ block: Block, following: Double = 0, heading: Block? = nil) {
        let room = Sheet.bottom - y
        let needed = block.height + following
        let fitsAnyPage = needed + (heading?.height ?? 0) <= Sheet.bodyHeight
        if (fitsAnyPage ? needed : block.height) > room, y > Sheet.top {
            pages.append([])
            y = Sheet.top
            if let heading { place(heading) }
        }
        if !block.isSpace || y > Sheet.top { place(block) }
    }

    private mutating func place(_ block: Block) {
        pages[pages.count - 1].append((block, y))
        y += block.height
    }
}
