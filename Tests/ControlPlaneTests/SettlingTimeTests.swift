import Bytes
import Testing

@testable import ControlPlane

@Suite struct SettlingTimeTests {
    struct Course: Sendable {
        /// Milliseconds after the start at which something happened.
        var noise: Set<Int64>
        /// When it is over, asked for every 25 ms with a debounce of 100 ms.
        var over: Int64
    }

    @Test(arguments: [
        Course(noise: [], over: 100),
        Course(noise: [50], over: 150),
        Course(noise: [25, 50, 75, 100, 200], over: 300),
        Course(noise: [100], over: 200),
        // Constant noise does not put it off for ever.
        Course(noise: Set(stride(from: 25, through: 5000, by: 25)), over: 1000),
    ])
    func isOverWhenQuietOrLate(_ course: Course) {
        var settling = SettlingTime(now: Instant(nanoseconds: 7))
        var time: Int64 = 0
        repeat {
            time += 25
        } while !settling.isOver(
            now: Instant(nanoseconds: 7 + time * 1_000_000), hasNoise: course.noise.contains(time),
            debounce: .milliseconds(100))
        #expect(time == course.over)
    }

    @Test func noDebounceIsOverAtOnce() {
        var settling = SettlingTime(now: Instant(nanoseconds: 7))
        let isOver = settling.isOver(now: Instant(nanoseconds: 7), hasNoise: true, debounce: .zero)
        #expect(isOver)
    }
}
