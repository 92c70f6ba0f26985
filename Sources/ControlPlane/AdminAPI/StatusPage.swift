/// The page for people at `/`, with its style and its script as files of their own.
///
/// What it shows comes from the other endpoints; it changes nothing and asks no other host.
enum StatusPage {
    /// Of every answer of the admin API: what runs and shows is the page's own two files. No text can become markup or
    /// code: the script gets no way to make it so either.
    static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
        trusted-types 'none'
        """

    // Its addresses are relative, so that it also works behind a proxy's prefix.
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <title>gateway</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="status.css">
        <script src="status.js" defer></script>
        </head>
        <body>
        <header>
          <div class="title">
            <h1>Gateway</h1>
            <p id="readiness" class="pill" role="status">asking</p>
          </div>
          <p class="muted">
            Generation <strong id="generation">–</strong> since <time id="since">–</time> <span id="cause"></span>
            <span id="version" class="version"></span>
          </p>
          <ul id="reasons" class="reasons" hidden></ul>
          <p id="notice" class="notice" role="alert" hidden></p>
          <noscript><p class="notice">This page needs its script. Without one, ask <code>/readyz</code>,
            <code>/workers</code>, <code>/upstreams</code> and <code>/metrics</code> yourself.</p></noscript>
          <nav aria-label="On this page">
            <a href="#traffic">Traffic</a> <a href="#upstreams">Upstreams</a> <a href="#workers">Workers</a>
            <a href="#events">Events</a> <a href="#explain">Explain a request</a> <a href="#routes">Routes</a>
            <a href="#generations">Generations</a> <a href="#commands">Commands</a>
          </nav>
        </header>
        <main id="content">
          <dl class="tiles">
            <div><dt>Requests a second</dt><dd id="rate">–</dd></div>
            <div><dt>Errors</dt><dd id="errors">–</dd></div>
            <div><dt>Half within (p50)</dt><dd id="p50">–</dd></div>
            <div><dt>99 % within (p99)</dt><dd id="p99">–</dd></div>
            <div><dt>In flight</dt><dd id="inflight">–</dd></div>
            <div><dt>Connections</dt><dd id="connections">–</dd></div>
          </dl>

          <section id="traffic" aria-labelledby="traffic-title">
            <h2 id="traffic-title">Traffic</h2>
            <div class="scroll" role="region" tabindex="0" aria-labelledby="traffic-title"><table>
              <caption><span>The 20 busiest routes. Rates, errors (answers of 500 and above) and times are of the last
                ten seconds; the total is since the start. Requests that no route takes are counted as none.
                <span id="traffic-more"></span></span></caption>
              <thead><tr><th scope="col">Route</th><th scope="col" class="number">Requests/s</th>
                <th scope="col" class="number">Errors</th><th scope="col" class="number">p50</th>
                <th scope="col" class="number">p99</th><th scope="col" class="number">Total</th></tr></thead>
              <tbody id="traffic-rows"></tbody>
            </table></div>
          </section>

          <section id="upstreams" aria-labelledby="upstreams-title">
            <h2 id="upstreams-title">Upstreams</h2>
            <div class="scroll" role="region" tabindex="0" aria-labelledby="upstreams-title"><table>
              <caption><span>Each with its targets. Requests count every try since the start; errors are those without
                an answer or with one of 500 and above. <span id="upstreams-more"></span></span></caption>
              <thead><tr><th scope="col">Upstream, targets</th><th scope="col" class="number">Weight</th>
                <th scope="col" class="number">Requests</th><th scope="col" class="number">Errors</th>
                <th scope="col" class="number">Active</th><th scope="col" class="number">Idle</th>
                <th scope="col">Balance, zone</th></tr></thead>
              <tbody id="upstreams-rows"></tbody>
            </table></div>
          </section>

          <div class="columns">
            <section id="workers" aria-labelledby="workers-title">
              <h2 id="workers-title">Workers</h2>
              <div class="scroll" role="region" tabindex="0" aria-labelledby="workers-title"><table>
                <caption><span>One thread each: the generation it serves, its client connections, its loop.</span>
                </caption>
                <thead><tr><th scope="col">Worker</th><th scope="col" class="number">Generation</th>
                  <th scope="col" class="number">Connections</th><th scope="col" class="number">Busy</th>
                  <th scope="col">Last turn</th></tr></thead>
                <tbody id="workers-rows"></tbody>
              </table></div>
            </section>
            <section id="events" aria-labelledby="events-title">
              <h2 id="events-title">Events</h2>
              <div class="scroll tall" role="region" tabindex="0" aria-labelledby="events-title"><table>
                <caption><span>What happened lately, the newest first.</span></caption>
                <thead><tr><th scope="col">Time</th><th scope="col">Kind</th><th scope="col">What</th></tr></thead>
                <tbody id="events-rows"></tbody>
              </table></div>
            </section>
          </div>

          <section id="explain" aria-labelledby="explain-title">
            <h2 id="explain-title">Explain a request</h2>
            <form id="explain-form">
              <p><label for="method">Method</label>
                <input id="method" size="8" list="methods" value="GET" autocomplete="off" spellcheck="false" required>
                <datalist id="methods"><option>GET</option><option>HEAD</option><option>POST</option>
                  <option>PUT</option><option>PATCH</option><option>DELETE</option><option>OPTIONS</option>
                </datalist></p>
              <p class="wide"><label for="url">URL</label>
                <input id="url" placeholder="http://example.com/path?query, or just /path" autocomplete="off"
                  spellcheck="false" required></p>
              <p class="all"><label for="headers">Header fields, one a line (optional)</label>
                <textarea id="headers" rows="2" placeholder="accept: text/html" autocomplete="off"
                  spellcheck="false"></textarea></p>
              <p><button type="submit">Explain</button> <span class="muted">Nothing is sent anywhere.</span></p>
            </form>
            <div id="outcome" aria-live="polite"></div>
          </section>

          <section id="routes" aria-labelledby="routes-title">
            <h2 id="routes-title">Routes</h2>
            <div class="scroll tall" role="region" tabindex="0" aria-labelledby="routes-title"><table>
              <caption><span>In the order in which they are tried. <span id="routes-more"></span></span></caption>
              <thead><tr><th scope="col" class="number">#</th><th scope="col">Route</th><th scope="col">Methods</th>
                <th scope="col">Hosts</th><th scope="col">Path</th><th scope="col">Conditions</th>
                <th scope="col">Action</th><th scope="col">Written at</th></tr></thead>
              <tbody id="routes-rows"></tbody>
            </table></div>
          </section>

          <section id="generations" aria-labelledby="generations-title">
            <h2 id="generations-title">Generations</h2>
            <div class="scroll" role="region" tabindex="0" aria-labelledby="generations-title"><table>
              <caption><span>The configurations served lately, the newest first, and what each changed.</span></caption>
              <thead><tr><th scope="col">Generation</th><th scope="col">Since</th>
                <th scope="col">Cause</th><th scope="col" class="number">Took</th>
                <th scope="col">Changes</th></tr></thead>
              <tbody id="generations-rows"></tbody>
            </table></div>
          </section>

          <section id="commands" aria-labelledby="commands-title">
            <h2 id="commands-title">Commands</h2>
            <p class="muted">This page only shows. To change something, run on the gateway's machine:</p>
            <dl class="commands">
              <div><dt><code>gateway validate</code></dt><dd>checks the changed configuration</dd></div>
              <div><dt><code>gateway reload</code></dt><dd>serves it, unless something is wrong with it</dd></div>
              <div><dt><code>gateway reload --rollback 0</code></dt><dd>goes back to the generation before</dd></div>
              <div><dt><code>gateway drain</code></dt><dd>stops without losing a request</dd></div>
            </dl>
          </section>
        </main>
        </body>
        </html>

        """#
}
