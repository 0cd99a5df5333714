"""Rule files that a desk writes for itself."""

BEES = """
[categories."other.bees"]
urgency = "P3"
en = "Bees"
zh = "蜜蜂"
[[rule]]
id = "desk.bees"
category = "other.bees"
any = ["beehive", "蜂箱"]
match = ["the beehive fell"]
no_match = ["honey"]
owner = "the garden desk"
"""
ALARM = """
[[rule]]
id = "desk.alarm"
category = "security.compromised"
any = ["zebra on my account", "斑马"]
match = ["there is a zebra on my account"]
no_match = ["zoo"]
"""
