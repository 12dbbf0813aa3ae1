"""The looks of a report."""

from __future__ import annotations

CSS = """
*{box-sizing:border-box}
body{margin:0;background:#fff;color:#1b1b1b;font:16px/1.55 system-ui,sans-serif}
header,main{max-width:66rem;margin:0 auto;padding:1rem}
h1{font-size:1.75rem;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}
header p{font-size:1.05rem;max-width:48rem;margin:.4rem 0}
h2{font-size:1.3rem;line-height:1.3;margin:2.5rem 0 .5rem;border-bottom:1px solid #ccc;padding-bottom:.25rem}
p,li,figcaption{max-width:48rem;overflow-wrap:anywhere}
p{margin:.5rem 0}
.strong{font-weight:600}
nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0}
a{color:#00568a}
a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:2px solid #0072b2;outline-offset:2px}
figure{margin:1rem 0}
figure svg,section img{max-width:100%;height:auto}
figcaption{color:#444;font-size:.92rem}
.network{display:grid;grid-template-columns:minmax(0,max-content) minmax(12rem,1fr);gap:0 2rem;align-items:start}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
.chart>div{min-height:10rem}
details{margin:.5rem 0}
summary{cursor:pointer;color:#00568a}
details.part>summary{font-size:1.3rem;font-weight:600;padding:.5rem 0;border-top:2px solid #999}
.inspect-wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.5rem 0}
th,td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid #e3e3e3;vertical-align:top}
th.number,td.number{text-align:right}
pre{background:#f5f5f5;padding:.75rem;margin:.5rem 0;font-size:.9rem;width:max-content;min-width:100%}
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
@media (max-width:720px){.network{grid-template-columns:1fr}}
@media (max-width:480px){body{font-size:15px}header,main{padding:.75rem}th,td{padding:.2rem .35rem}}
@media print{nav,details:not([open]){display:none}figure,table{break-inside:avoid}h2,h3{break-after:avoid}
.network{display:block}.network svg{max-height:23cm}.network>div{margin-top:.5rem}}
"""

# Plotly draws for a width in pixels: before a page is printed figures are made as wide as the paper, and then restored.
PRINTING = """
const figures = () => document.querySelectorAll(".js-plotly-plot");
addEventListener("beforeprint", () => figures().forEach(one => Plotly.relayout(one, {width: 680, autosize: false})));
addEventListener("afterprint", () => figures().forEach(one => Plotly.relayout(one, {width: null, autosize: true})));
"""
