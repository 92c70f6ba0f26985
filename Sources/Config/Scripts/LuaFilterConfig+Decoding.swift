extension LuaFilterConfig {
    /// Reads the keys of a `lua` middleware on their own, as tests of a filter give them.
    ///
    /// - Throws: `ConfigFailure` with everything that is wrong.
    package static func decode(_ node: ConfigNode) throws(ConfigFailure) -> LuaFilterConfig {
        let context = DecodingContext()
        let decoded = LuaSchema.filter.decode(node, context, ignoring: { $0 == "type" })
        let errors = context.finish().filter { $0.severity == .error }
        guard let decoded, errors.isEmpty else { throw ConfigFailure(errors) }
        return decoded
    }
}
