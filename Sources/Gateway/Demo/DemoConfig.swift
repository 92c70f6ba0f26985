/// The configuration that `gateway demo` serves and shows.
struct DemoConfig {
    var port: Int
    var adminPort: Int
    var fastPort: Int
    var mediumPort: Int
    var slowPort: Int

    var yaml: String {
        """
        listeners:
          - { name: http, address: "127.0.0.1:\(port)" }
        admin: { address: "127.0.0.1:\(adminPort)" }
        access_log: { format: "$method $path: $status by route $route, upstream $upstream, in $duration_ms ms" }

        upstreams:
          fast: { targets: ["http://127.0.0.1:\(fastPort)"] }
          medium: { targets: ["http://127.0.0.1:\(mediumPort)"] }          # answers after 20 ms
          slow: { targets: ["http://127.0.0.1:\(slowPort)"] }            # answers after 150 ms
          impatient: { targets: ["http://127.0.0.1:\(slowPort)"], response_timeout: 50ms }
          everyone:
            balance: round-robin
            targets:
              - { url: "http://127.0.0.1:\(fastPort)", weight: 3 }
              - { url: "http://127.0.0.1:\(mediumPort)", weight: 1 }
              - { url: "http://127.0.0.1:\(slowPort)", weight: 1 }
          down: { targets: ["http://127.0.0.1:1"] }               # nothing listens there

        routes:
          - { name: fast, path: "/fast/*", upstream: fast, rewrite: { strip_prefix: "/fast" } }
          - { name: slow, path: "/slow/*", upstream: slow }
          - { name: balanced, path: "/balanced", upstream: everyone }
          - name: canary
            path: "/canary"
            split: [{ upstream: fast, weight: 80 }, { upstream: medium, weight: 20 }]
          - name: user
            path: "/users/{id}"
            methods: [GET, PUT]
            upstream: fast
            rewrite: { path: "/accounts/{id}" }
            middleware: [stamp]
          - name: beta-user
            path: "/users/{id}"
            methods: [GET, PUT]
            headers: { x-beta: "1" }
            upstream: medium
          - { name: old, path: "/old/*", redirect: { status: 308, location: "http://$host:\(port)/fast/{*}" } }
          - { name: hello, path: "/hello", respond: { status: 200, body: "hello from the gateway\\n" } }
          - { name: broken, path: "/broken", upstream: down }
          - { name: late, path: "/late", upstream: impatient }
          - { name: small, path: "/small", methods: [POST], upstream: fast, limits: { body: 1KiB } }

        middleware:
          stamp:
            type: headers
            request: { set: { x-demo: "added by the gateway" } }
            response: { set: { x-served-by: "gateway demo" } }

        """
    }

    /// What to try, with what to expect of it.
    func suggestions(program: String, configPath: String) -> String {
        let base = "http://127.0.0.1:\(port)"
        return """
            curl \(base)/fast/anything          # forwarded with its prefix stripped, in well under a millisecond
            curl -w '%{time_total} s\\n' \(base)/slow/anything
            for i in 1 2 3 4 5; do curl -s \(base)/balanced | grep upstream; done    # 3 : 1 : 1
            for i in $(seq 10); do curl -s \(base)/canary | grep upstream; done      # 80 % and 20 %
            curl -i \(base)/users/7             # parameter, rewrite, and a filter's header fields
            curl \(base)/users/7 -H 'x-beta: 1' # the same path, another route
            curl -i -X DELETE \(base)/users/7   # 405, with Allow
            curl -i \(base)/old/page            # 308
            curl \(base)/hello                  # answered by the gateway itself
            curl -i \(base)/broken              # 502 as application/problem+json: the upstream refuses
            curl -i \(base)/late                # 504: the upstream takes longer than response_timeout
            curl -i --data-binary @/bin/sh \(base)/small        # 413
            curl -s http://127.0.0.1:\(adminPort)/metrics | grep requests_ended
            curl http://127.0.0.1:\(adminPort)/readyz
            \(program) routes -c \(configPath)
            \(program) explain GET \(base)/users/7 -H 'x-beta: 0' -c \(configPath)
            \(program) help upstream_timeout
            """
    }
}
