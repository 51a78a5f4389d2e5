"""How the preview looks: dark, quiet, and with room around figures."""

CSS = """
*{box-sizing:border-box}
body{margin:0;position:relative;background:#0f1115;color:#dbe2ea;
 font:13px/1.4 Inter,"Helvetica Neue","DejaVu Sans",sans-serif}
header{position:absolute;left:16px;right:16px;top:14px;display:flex;justify-content:space-between;
 align-items:flex-start}
h1{margin:0;font-size:20px;font-weight:600;letter-spacing:-.2px}
header p{margin:2px 0 0;color:#8a97a8}
.chips{display:flex;gap:8px;padding-top:4px}
.chip{background:#1a1e25;border:1px solid #272d37;border-radius:4px;padding:4px 10px;color:#8a97a8}
.chip b{color:#dbe2ea;font-weight:600;margin-left:4px}
.note{border-style:dashed}
h2{position:absolute;margin:0;display:flex;align-items:center;font-size:12px;font-weight:600;
 text-transform:uppercase;letter-spacing:1.2px;color:#8a97a8}
h2::after{content:"";flex:1;height:1px;background:#232933;margin-left:14px}
section{position:absolute;background:#171a21;border:1px solid #232933;border-radius:4px;
 overflow:hidden;padding:0 8px}
h3{margin:0;height:30px;line-height:30px;font-size:12.5px;font-weight:500;color:#aab6c4;
 white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
svg{display:block;overflow:visible}
.grid{stroke:#232933;stroke-width:1}
.mark{fill:#7b8898;font-size:11px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;height:22px;overflow:hidden;padding-left:8px;
 color:#aab6c4;font-size:11.5px}
.entry{white-space:nowrap}
.entry i{display:inline-block;width:14px;height:4px;border-radius:2px;margin:0 7px 2px 0}
.entry b{font-weight:600;color:#dbe2ea;margin-left:8px}
.stat{display:flex;height:calc(100% - 34px);align-items:center;justify-content:space-around;
 text-align:center}
.value{font-size:31px;font-weight:600;letter-spacing:-.8px;line-height:1.15;
 font-variant-numeric:tabular-nums}
.value.small{font-size:23px}
.name{color:#8a97a8;font-size:12px}
.bars{padding:2px 6px}
.bar{display:flex;align-items:center;gap:12px}
.bar span{width:150px;text-align:right;color:#aab6c4;white-space:nowrap;overflow:hidden;
 text-overflow:ellipsis}
.bar div{flex:1;height:62%;background:#20252e;border-radius:2px;overflow:hidden}
.bar i{display:block;height:100%}
.bar b{width:104px;font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow:hidden}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th{font-weight:500;color:#8a97a8;text-align:left;padding:5px 10px;border-bottom:1px solid #2b323d;
 font-size:12px;white-space:nowrap}
td{padding:5px 10px;border-bottom:1px solid #1f242c;white-space:nowrap}
.number{text-align:right}
th.number{text-align:right}
.faint{color:#4d5766}
.link{color:#6fb0f2}
.nothing{display:flex;align-items:center;justify-content:center;height:calc(100% - 38px);
 color:#6b7787;padding:0 20px;text-align:center}
"""
