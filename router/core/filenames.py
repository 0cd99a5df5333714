"""What a file's name gives away: that it runs when it is opened."""

from __future__ import annotations

_RUNS = frozenset(
    (
        *("ade", "adp", "apk", "app", "appref-ms", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg"),
        *("docm", "dotm", "exe", "hta", "htm", "html", "img", "inf", "ins", "iso", "jar", "jnlp"),
        *("js", "jse", "lnk", "mhtml", "msc", "msi", "msp", "mst", "one", "pif", "pkg", "ppam"),
        *("pptm", "ps1", "psm1", "py", "reg", "scf", "scr", "sct", "settingcontent-ms", "sh"),
        *("shtml", "svg", "svgz", "url", "vb", "vbe", "vbs", "vhd", "vhdx", "wsc", "wsf", "wsh"),
        *("xhtml", "xlam", "xll", "xlsm", "xml", "xsl", "xslt"),
    )
)


def may_harm(name: str) -> bool:
    """Whether opening a file of this name may run something; spaces and dots at its end, which
    some systems drop, do not hide it."""
    return name.rstrip(" .").rpartition(".")[2].lower() in _RUNS if "." in name else False
