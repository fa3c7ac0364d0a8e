"""Any number of agents; used for scale."""

crowd = {
    "name": "crowd",
    "summary": "10,000 truthful agents with random rewards on 256 responses (--set agents.0.count=N)",
    "reference": {"random": {"responses": 256, "concentration": 1.0}},
    "agents": [{"name": "member", "rewards": {"random": {}}, "weight": 0.01, "count": 10_000}],
    "messages": {"rewards": "unit_box", "max_weight": 10.0},
    "mechanism": "vcg",
    "rounds": 10,
    "replicates": 1,
    "information": "outcome",
}
