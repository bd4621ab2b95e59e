// How a page looks: readable lines of text, quiet tables, light and dark by the reader's choice, and paper.

enum PageStyle {
  static let sheet = """
    :root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--soft:#57606a;--line:#d5dae0;--panel:#f6f8fa;
    --accent:#0a5aa5;--keyword:#7233b5;--number:#0550ae;--string:#0a5c36;--comment:#59636e;--function:#8a4600;
    --bad:#b3261e;--bad-ground:#fdf0ef;--warn:#7a5200;--warn-ground:#fff8e6}
    @media screen and (prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#e6edf3;--soft:#9aa4ae;--line:#30363d;
    --panel:#161b22;--accent:#6cb6ff;--keyword:#d2a8ff;--number:#79c0ff;--string:#7ee0a0;--comment:#9aa4ae;
    --function:#ffb77c;--bad:#ff9b93;--bad-ground:#2d1614;--warn:#f0c674;--warn-ground:#2b2313}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--ground);color:var(--ink);
    font:1.0625rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",Arial,sans-serif}
    main,footer{max-width:49rem;margin:0 auto;padding:0 1rem}
    main{padding-top:2.5rem}
    h1,h2,h3,h4,h5,h6{line-height:1.25;margin:2.2em 0 .6em;text-wrap:balance}
    h1{font-size:2rem;margin-top:0;letter-spacing:-.01em}
    h2{font-size:1.4rem}
    h3{font-size:1.15rem}
    h4,h5,h6{font-size:1rem}
    p,ul,ol,blockquote{margin:0 0 1em;max-width:44rem}
    li{margin:.2em 0}
    li>ul,li>ol{margin-bottom:0}
    a{color:var(--accent);text-underline-offset:.15em}
    blockquote{border-left:3px solid var(--line);padding-left:1em;color:var(--soft)}
    hr{border:0;border-top:1px solid var(--line);margin:2em 0}
    code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
    code{font-size:.88em;background:var(--panel);padding:.1em .3em;border-radius:4px;overflow-wrap:break-word}
    pre{font-size:.83rem;line-height:1.5;overflow-x:auto;margin:0 0 .8rem;tab-size:4}
    pre code{font-size:inherit;background:none;padding:0;overflow-wrap:normal}
    pre.code{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.8em 1em}
    .cell{margin:0 0 1.6rem}
    .cell-title{font-size:.85rem;font-weight:600;color:var(--soft);margin:1.8rem 0 .4rem;letter-spacing:.01em}
    .output{padding-left:1rem;border-left:2px solid var(--line);margin:0 0 .8rem}
    .output>*:last-child{margin-bottom:0}
    .output pre{line-height:1.35}
    .value{color:var(--ink)}
    .keyword{color:var(--keyword)}.number{color:var(--number)}.string{color:var(--string)}
    .comment{color:var(--comment);font-style:italic}.function{color:var(--function)}
    .wide{overflow-x:auto;margin:0 0 1rem;max-width:100%}
    table{border-collapse:collapse;font-size:.93rem;line-height:1.4;font-variant-numeric:tabular-nums}
    caption{text-align:left;font-weight:600;padding-bottom:.4em}
    caption span{position:sticky;left:0;display:inline-block;width:max-content;max-width:min(45.5rem,calc(100vw - 3.2rem))}
    th,td{padding:.35em 1.1em .35em 0;text-align:left;vertical-align:baseline;color:var(--ink)}
    th:last-child,td:last-child{padding-right:0}
    .dense{font-size:.82rem}.dense th,.dense td{padding-right:.8em}
    thead tr>*{border-bottom:1.5px solid var(--soft);font-weight:600;vertical-align:bottom}
    tbody tr+tr>*{border-top:1px solid var(--line)}
    tbody th{font-weight:400}
    th.number,td.number{text-align:right;color:var(--ink)}
    td.number,.short{white-space:nowrap}
    th.middle,td.middle{text-align:center}
    tbody :is(td,th):not(.number,.short){min-width:10rem}
    .note{color:var(--soft);font-size:.9rem;margin:0 0 .4rem}
    figure{margin:0 0 1rem}
    figure svg{display:block;max-width:100%;height:auto}
    figure .narrow{display:none}
    math{font-family:"STIX Two Math","Latin Modern Math","Cambria Math","DejaVu Math TeX Gyre",math}
    .formula{display:block;overflow-x:auto;overflow-y:hidden}
    img{max-width:100%;height:auto;vertical-align:middle}
    li.task{list-style:none}li.task>input{margin:0 .4em 0 -1.4em}
    .data{font-size:.85rem;color:var(--soft);margin:.3rem 0 0}.data summary{cursor:pointer}.data p{margin:.4rem 0}
    .data pre{max-height:20rem;overflow:auto}
    .error,.interrupted{border-left:4px solid var(--bad);background:var(--bad-ground);padding:.8em 1em;border-radius:0 6px 6px 0}
    .error pre{color:var(--bad);margin:0}
    .error p,.interrupted p{margin:0 0 .4rem;font-weight:600}
    .interrupted{border-color:var(--warn);background:var(--warn-ground);color:var(--warn);margin-bottom:1.6rem}
    .interrupted p{margin:0}
    footer{color:var(--soft);font-size:.82rem;margin-top:3rem;padding-bottom:2.5rem}
    footer dl{border-top:1px solid var(--line);padding-top:1rem;display:grid;grid-template-columns:max-content minmax(0,1fr);
    gap:.15rem 1rem;margin:0}
    footer dt{font-weight:600}
    footer dd{margin:0;overflow-wrap:anywhere}footer code{overflow-wrap:anywhere}
    @media (max-width:46rem){body{font-size:1rem}main{padding-top:1.5rem}h1{font-size:1.6rem}h2{font-size:1.25rem}
    pre{font-size:.78rem}.output{padding-left:.7rem}}
    @media screen and (max-width:40rem){figure .narrow{display:block}figure .wide-figure{display:none}
    footer dl{grid-template-columns:minmax(0,1fr)}footer dd{margin-bottom:.4rem}}
    @media screen{.wide,.formula,pre.code,.output pre{background-repeat:no-repeat;background-attachment:local,local,scroll,scroll;
    background-size:2rem 100%,2rem 100%,.6rem 100%,.6rem 100%;background-position:0 0,100% 0,0 0,100% 0;
    background-image:linear-gradient(90deg,var(--under),transparent),linear-gradient(270deg,var(--under),transparent),
    linear-gradient(90deg,#80808066,transparent),linear-gradient(270deg,#80808066,transparent);--under:var(--ground)}
    pre.code{--under:var(--panel)}}
    @media print{@page{margin:18mm 16mm}body{font-size:10.5pt}main,footer{max-width:none;padding-left:0;padding-right:0}
    main{padding-top:0}h1,h2,h3,h4,.cell-title{break-after:avoid}pre{font-size:8.5pt;white-space:pre-wrap}
    .output pre{white-space:pre;overflow:visible}
    figure,table,blockquote,.error{break-inside:avoid}.wide{overflow:visible}a{color:inherit}
    figure svg{max-width:150mm}.data{display:none}p{orphans:3;widows:3}}

    """
}
