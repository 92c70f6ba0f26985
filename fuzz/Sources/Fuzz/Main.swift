import CLibFuzzer
import Glibc

/// `FUZZ_TARGET=name Fuzz [libFuzzer options] [corpus directories]`.
@main enum Main {
    static func main() {
        // Sound: nothing changes the environment of this process.
        guard let name = unsafe getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: unsafe String(cString: name))
        else {
            print("FUZZ_TARGET must be one of", FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
            exit(2)
        }
        unsafe selected = target
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        // Sound: the driver reads the vector that the process was started with.
        let code = unsafe withUnsafeMutablePointer(to: &arguments) { vector in
            unsafe LLVMFuzzerRunDriver(&count, vector) { data, size in
                // Sound: the driver passes `size` readable bytes, or nil and 0.
                Main.check(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
        exit(code)
    }

    // Written once, before the driver starts; the driver runs everything on this thread.
    nonisolated(unsafe) private static var selected = FuzzTarget.requestHead

    private static func check(_ input: [UInt8]) {
        guard let violation = unsafe selected.violation(input) else { return }
        // A release build does not say why it traps.
        print("violation:", violation)
        fflush(nil)
        fatalError("the property does not hold")
    }
}
