import CLuaShim

/// The type definitions of the scripts' API, for editors.
package enum LuaDefinitions {
    package static var text: String { unsafe String(cString: gwlua_definitions()) }
}
