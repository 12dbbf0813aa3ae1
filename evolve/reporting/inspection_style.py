"""The looks of an inspection. All names of classes begin with inspect, so that it can stand within another page."""

from __future__ import annotations

CSS = """
.inspect{color:#1b1b1b;overflow-wrap:anywhere}
.inspect h2,.inspect h3{font-size:1.2rem;margin:2rem 0 .5rem;break-after:avoid}
.inspect h2,.inspect h3{border-bottom:1px solid #ccc;padding-bottom:.2rem}
.inspect p{margin:.5rem 0;max-width:46rem}
.inspect-lead{font-size:1.15rem}
.inspect-note{color:#444}
.inspect figure{margin:0;break-inside:avoid}
.inspect figcaption{font-size:.85rem;line-height:1.35;max-width:24rem}
.inspect img{image-rendering:pixelated;display:inline-block;margin:0 4px 4px 0;vertical-align:top;border:1px solid #ccc}
.inspect-gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:1rem}
.inspect-row,.inspect-beside{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}
.inspect-beside{column-gap:2.5rem}
.inspect-beside>*{min-width:0;max-width:100%}
.inspect .inspect-beside p{max-width:30rem}
.inspect-tiles{display:flex;flex-wrap:wrap}
.inspect-layer{display:grid;grid-template-columns:11rem 1fr;gap:.5rem;margin:.5rem 0;break-inside:avoid}
.inspect-layer p{margin:0;font-size:.85rem;line-height:1.35}
.inspect-mark{background:#ffe2a8;padding:0 .25em;border-radius:2px;white-space:nowrap}
.inspect-wide{overflow-x:auto;max-width:100%}
.inspect-wide:focus-visible{outline:2px solid #0072b2}
.inspect table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.5rem 0}
.inspect th,.inspect td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid #e3e3e3;overflow-wrap:normal}
.inspect td.inspect-number,.inspect th.inspect-number{text-align:right;position:relative;min-width:4.5rem}
.inspect-bar{position:absolute;left:0;bottom:0;height:3px;background:#0072b2;max-width:100%}
.inspect .inspect-matrix th,.inspect .inspect-matrix td{text-align:center;border:1px solid #e3e3e3;min-width:1.6rem}
.inspect .inspect-matrix th,.inspect .inspect-matrix td{padding:.15rem .4rem}
.inspect .inspect-matrix th[scope=row]{text-align:right;white-space:nowrap}
.inspect-matrix thead th{vertical-align:bottom}
.inspect-upright thead span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11rem}
.inspect-none{color:#767676}
.inspect-chart{max-width:100%;height:auto}
.inspect-chart text{font:12px system-ui,sans-serif;fill:#444}
@media (max-width:480px){.inspect-layer{grid-template-columns:1fr}
.inspect th,.inspect td{padding:.2rem .35rem}}
@media print{.inspect-wide{overflow:visible}.inspect table{font-size:.75rem}
.inspect,.inspect *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
