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
#: What a small set of rules by itself begins with.
SERVICE = """
[categories."other.unsorted"]
urgency = "P3"
en = "Unsorted"
zh = "未分类"
[categories."other.service"]
urgency = "P3"
en = "Service"
zh = "服务"
"""
#: A small set of rules by itself, whose only rule asks for tags.
WATCHED = (
    SERVICE
    + """
[[rule]]
id = "other.service.watched"
category = "other.service"
urgency = "P2"
any = ["blue parrot"]
when = { tagged = ["vip", "fraud-watch"] }
match = ["a blue parrot"]
no_match = ["a wasp"]
"""
)
