extension StatusPage {
    /// The page's style: one set of colours for light, one for dark; it fits 360 pixels and more.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --page: #f5f6f8; --card: #ffffff; --ink: #1c2330; --muted: #596275; --line: #e1e5eb; --soft: #f0f2f6;
          --accent: #1f5fbf; --good: #146c43; --good-soft: #dff3e8; --bad: #a8231c; --bad-soft: #fde7e5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12151b; --card: #1a1f28; --ink: #e4e8ef; --muted: #9aa5b8; --line: #2b323f; --soft: #222935;
            --accent: #86b4f8; --good: #7fd8a8; --good-soft: #173527; --bad: #ff9d94; --bad-soft: #43211f;
          }
        }
        * { box-sizing: border-box; }
        html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
        @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
        }
        header, main { max-width: 90rem; margin: 0 auto; padding: 0 1.5rem; }
        header { padding-top: 1.5rem; }
        main { padding-bottom: 3rem; }
        main.stale { opacity: 0.7; }
        h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
        h2 { font-size: 1.0625rem; margin: 0 0 0.25rem; }
        p { margin: 0; }
        .title { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; margin-bottom: 0.25rem; }
        .muted, caption, dt { color: var(--muted); }
        .version { white-space: nowrap; }
        .version:not(:empty)::before { content: "· "; }
        code, .code { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 0.875em; }
        a { color: var(--accent); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }

        .pill {
          padding: 0.1rem 0.7rem; border-radius: 999px; background: var(--soft); color: var(--muted); font-weight: 600;
        }
        .pill.good { background: var(--good-soft); color: var(--good); }
        .pill.bad { background: var(--bad-soft); color: var(--bad); }
        .reasons { margin: 0.5rem 0 0; padding-left: 1.25rem; color: var(--bad); overflow-wrap: anywhere; }
        .notice {
          margin-top: 0.75rem; padding: 0.6rem 0.9rem; border-left: 4px solid var(--bad); border-radius: 4px;
          background: var(--bad-soft); color: var(--bad); overflow-wrap: anywhere;
        }
        nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin-top: 0.75rem; }
        nav a { text-decoration: none; }
        nav a:hover { text-decoration: underline; }

        .tiles {
          display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.75rem; margin: 1.25rem 0 0;
        }
        .tiles > div, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        .tiles > div { padding: 0.75rem 1rem; }
        .tiles dt { font-size: 0.8125rem; }
        .tiles dd {
          margin: 0; font-size: 1.625rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums;
          white-space: nowrap;
        }
        section { margin-top: 0.75rem; padding: 1rem 1.25rem; min-width: 0; }
        .columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 0.75rem; }
        @media (min-width: 64rem) {
          .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); }
          .columns { grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); }
        }

        .scroll { overflow-x: auto; margin: 0 -1.25rem; padding: 0 1.25rem; }
        .scroll:focus-visible { outline-offset: -3px; }
        .tall { max-height: 28rem; overflow-y: auto; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        caption { text-align: left; font-size: 0.8125rem; padding-bottom: 0.5rem; }
        /* Stays in sight while a wide table is scrolled below it. */
        caption > span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 3.5rem); }
        th, td {
          text-align: left; vertical-align: top; padding: 0.35rem 1rem 0.35rem 0; border-top: 1px solid var(--line);
        }
        th:last-child, td:last-child { padding-right: 0; }
        thead th {
          border-top: 0; color: var(--muted); font-size: 0.8125rem; font-weight: 600; white-space: nowrap;
        }
        .tall thead th { position: sticky; top: 0; background: var(--card); box-shadow: 0 1px 0 var(--line); }
        tbody th { font-weight: 600; }
        td.text { overflow-wrap: break-word; }
        tbody th.name, td.text.long, td.code { overflow-wrap: anywhere; }
        tbody th.name.long { min-width: 12rem; }
        td.code { min-width: 9rem; }
        td.text.long { min-width: 14rem; }
        .number { text-align: right; white-space: nowrap; }
        .plain { white-space: nowrap; }
        tbody .minor { color: var(--muted); }
        tbody .bad { color: var(--bad); }
        tr.group ~ tr.target th { padding-left: 1.25rem; font-weight: 400; border-top-color: transparent; }
        tr.target td { border-top-color: transparent; }
        tr.sum th, tr.sum td { font-weight: 600; }
        td.empty { color: var(--muted); }
        details ul, #outcome ul { margin: 0.25rem 0; padding-left: 1.25rem; overflow-wrap: anywhere; }
        summary { cursor: pointer; }
        td details { min-width: 14rem; }

        form { display: grid; grid-template-columns: auto 1fr; gap: 0.5rem 0.75rem; }
        form .all, form p:last-child { grid-column: 1 / -1; }
        label { display: block; font-size: 0.8125rem; color: var(--muted); }
        input, textarea, button { font: inherit; color: inherit; border: 1px solid var(--muted); border-radius: 6px; }
        input, textarea { width: 100%; background: var(--page); padding: 0.35rem 0.6rem; }
        textarea { display: block; resize: vertical; }
        button {
          padding: 0.35rem 1.1rem; margin-right: 0.5rem; background: var(--accent); border-color: var(--accent);
          color: var(--card); font-weight: 600; cursor: pointer;
        }
        button:hover { filter: brightness(1.1); }
        #outcome { overflow-wrap: anywhere; }
        #outcome > p { margin-top: 0.75rem; font-weight: 600; }
        #outcome > p.bad { color: var(--bad); }
        .facts {
          display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 1rem; margin: 0.5rem 0;
        }
        .facts dd { margin: 0; }
        .commands { margin: 0.5rem 0 0; }
        .commands > div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: 0.15rem 0; }
        .commands dt { color: var(--ink); min-width: 15rem; }
        .commands dd { margin: 0; color: var(--muted); }
        @media (max-width: 40rem) {
          header, main { padding-left: 0.75rem; padding-right: 0.75rem; }
          section { padding: 0.75rem; }
          .scroll { margin: 0 -0.75rem; padding: 0 0.75rem; }
          th, td { padding-right: 0.6rem; }
          tbody th.name.long { min-width: 7.5rem; }
          tbody .target th.name.long { min-width: 11.5rem; }
          .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.5rem; }
          .tiles > div { padding: 0.5rem 0.75rem; }
          .tiles dd { font-size: 1.25rem; }
        }

        """#
}
